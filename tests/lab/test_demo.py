# SPDX-License-Identifier: Apache-2.0
"""The demonstration on real machines: to its end, and interrupted in the middle. Minutes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.lab_full
POLICY = Path(__file__).parents[2] / "examples" / "atelier" / "policy.yml"
LIMIT_S = 1500


def argv(folder: Path) -> list[str]:
    return [sys.executable, "-m", "bascule_lab", "demo", str(POLICY), "--json", "--into", str(folder)]


def left() -> str:
    """Machines, cables and guards of the sample firm's lab."""
    status = [sys.executable, "-m", "bascule_lab", "status", str(POLICY), "--json"]
    shown: dict[str, Any] = json.loads(subprocess.run(status, capture_output=True, check=True, timeout=60).stdout)
    states = {row["state"] for row in shown["machines"].values()}
    return "" if states == {"missing"} and not shown["guard"] else str(shown)


def test_the_firm_loses_its_site_and_comes_home(tmp_path: Path) -> None:
    done = subprocess.run(argv(tmp_path / "demo"), capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result == json.loads((tmp_path / "demo" / "result.json").read_text())
    assert [step["name"] for step in result["steps"]][-2:] == ["teardown", "down"]
    rows = {row["id"]: row for row in result["activities"]}
    assert set(rows) == {"orders", "drawings", "showcase"}
    assert rows["orders"]["acknowledged"]["lost"] == 0
    for row in rows.values():
        assert (row["word"], set(row["verdict"].values())) == ("usable", {"kept"})
        assert 0 < row["measured"]["rta_s"] <= row["target"]["rto_s"]
        assert row["acknowledged"]["asked"] > 0
        assert row["home"]["acknowledged"]["lost"] == 0 < row["home"]["acknowledged"]["asked"]
    assert not left()


def test_an_interrupted_demonstration_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    demo = subprocess.Popen(argv(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end and demo.poll() is None and not list(folder.glob("build/runs/*-build-*/run.json")):
        time.sleep(0.5)
    os.kill(demo.pid, signal.SIGINT)
    out, story = demo.communicate(timeout=120)
    assert demo.returncode == 130, story
    assert "Interrupted in step build." in story
    assert json.loads(out)["ok"] is False
    assert not left()
