# SPDX-License-Identifier: Apache-2.0
"""Whether a recovery could be run from a computer: what is missing there is named."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from bascule_runtime import ready


def plan(port: int, key: str) -> dict[str, Any]:
    machine = {"site": "standby", "address": "127.0.0.1", "port": port, "key": {"secret": "key"}}
    system = {"id": "db", "machines": {"primary": "old", "standby": "new"}, "group": "work"}
    return {"machines": {"old": {**machine, "site": "primary"}, "new": machine}, "systems": {"db": system},
            "secrets": {"key": {"file": key}}, "activities": {"work": {"group": "work"}}, "groups": {"work": {}},
            "units": [{"id": "system.db", "kind": "system", "subject": "db", "after": []}], "observers": {}}


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_missing_secret_and_a_silent_machine_are_named(tmp_path: Path) -> None:
    """The primary's machine is not asked for: it may be gone on that day."""
    found = ready.look(plan(closed_port(), str(tmp_path / "none")))
    assert found["silent"] == ["new"]
    assert len(found["missing"]) == 1
    assert found["missing"][0].startswith("key: the file ")


def test_the_command_prints_json_and_its_exit_code_says_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 when something is missing, 3 where there is no plan."""
    (tmp_path / "key").write_text("secret", encoding="utf-8")
    (tmp_path / "plan.json").write_text(json.dumps(plan(closed_port(), str(tmp_path / "key"))), encoding="utf-8")
    assert ready.main([str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out) == {"missing": [], "silent": ["new"]}
    assert ready.main([str(tmp_path / "nowhere")]) == 3
