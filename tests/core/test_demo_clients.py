# SPDX-License-Identifier: Apache-2.0
"""What the demonstration counts after the way home, with a check of a firm as a double."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from bascule_lab.demo.clients import COUNT
from bascule_runtime import ask

CHECK = """
import json, sys
given = json.load(sys.stdin)
if "broken" in given:
    print(json.dumps({"ok": False, "reason": "what answered is not the firm's"})); sys.exit(1)
gone = [record for record in given if record.startswith("gone")]
print(json.dumps({"held": [record for record in given if record not in gone], "lost": gone}))
"""


def count(folder: Path, records: list[tuple[float, str]], since: float) -> subprocess.CompletedProcess[str]:
    (folder / "check.py").write_text(CHECK)
    checks = [{"kind": "run", "run": "check.py", "writes": "marked"}]
    settings = {"activities": {"orders": checks}, "checks": str(folder), "state": str(folder), "secrets": {}}
    (folder / "watch.json").write_text(json.dumps(settings))
    lines = [json.dumps({"t": at, "activity": "orders", "record": record}) for at, record in records]
    if lines:
        (folder / "acknowledged.jsonl").write_text("".join(line + "\n" for line in lines) + '{"t": 9, "cut off')
    return subprocess.run(
        [sys.executable, "-", str(folder / "watch.json"), str(since), "orders"],
        input=COUNT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=dict(os.environ),
    )


def test_only_what_was_acknowledged_since_then_counts(tmp_path: Path) -> None:
    done = count(tmp_path, [(1, "gone-before"), (5, "kept"), (6, "gone-after")], since=5)
    assert json.loads(done.stdout) == {"orders": {"acknowledged": 2, "lost": 1}}


def test_what_the_way_home_told_lost_is_counted_all_the_same(tmp_path: Path) -> None:
    ask.tell_lost(tmp_path, "orders", 4.0, ["gone-after"])
    done = count(tmp_path, [(5, "kept"), (6, "gone-after")], since=5)
    assert json.loads(done.stdout) == {"orders": {"acknowledged": 2, "lost": 1}}


def test_no_book_is_nothing_acknowledged(tmp_path: Path) -> None:
    assert json.loads(count(tmp_path, [], since=5).stdout) == {"orders": {"acknowledged": 0, "lost": 0}}


def test_what_nobody_can_say_is_no_figure(tmp_path: Path) -> None:
    done = count(tmp_path, [(5, "broken")], since=5)
    assert done.returncode == 1
    assert done.stderr == "nobody can say what is left of orders: check.py: what answered is not the firm's\n"
    assert not done.stdout
