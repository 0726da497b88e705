# SPDX-License-Identifier: Apache-2.0
"""The agents that machines run between runs: copies, pruning, heartbeats, held and served trees."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bascule_runtime import agent, copy, heartbeat, hold, moment, prune, tree
from bascule_runtime.moment import Reach

SUMMARY = {"message_type": "summary", "snapshot_id": "3924d16e", "data_added": 12, "total_bytes_processed": 34,
           "total_files_processed": 5}  # fmt: skip


def double(folder: Path, script: str) -> list[str]:
    """A double of restic: a script that writes its arguments down."""
    path = folder / "restic-double"
    path.write_text(f"#!{sys.executable}\nimport json, sys\n"
                    f"open({str(folder / 'asked')!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path), "-r", "somewhere"]


def asked(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "asked").read_text().splitlines()]


def copying(folder: Path, script: str) -> dict[str, Any]:
    return {"restic": double(folder, script), "paths": ["/srv/a b", "/x"], "tags": ["serving=primary"],
            "owners": str(folder / "owners"), "state": str(folder / "state" / "copy.json"),
            "lock": str(folder / "lock"), "limit_s": 300}  # fmt: skip


def test_copy_says_how_it_went(tmp_path: Path) -> None:
    settings = copying(tmp_path, f"print({json.dumps(SUMMARY)!r})")
    facts = copy.copy(settings)
    assert (facts["result"], facts["snapshot"], facts["bytes_added"], facts["files"]) == ("ok", "3924d16e", 12, 5)
    assert facts["started"] <= facts["ended"]
    assert facts["ok_at"] == facts["started"]
    assert agent.read_state(settings["state"]) == facts
    assert asked(tmp_path)[0][2:] == ["backup", "--json", "--host", "bascule", "--tag", "serving=primary", "--",
                                      "/srv/a b", "/x"]  # fmt: skip
    assert json.loads((tmp_path / "owners").read_text())["users"]["0"] == "root"


@pytest.mark.parametrize(
    ("script", "result", "message"),
    [
        (f"print({json.dumps(SUMMARY)!r}); sys.stderr.write('/srv/x: denied\\n'); sys.exit(3)", "incomplete", "denied"),
        ("sys.stderr.write('Fatal: no space\\n'); sys.exit(1)", "failed", "no space"),
        ("sys.exit(0)", "failed", ""),
    ],
)
def test_copy_that_is_not_whole_is_not_ok(tmp_path: Path, script: str, result: str, message: str) -> None:
    settings = copying(tmp_path, script)
    agent.write_state(settings["state"], {"ok_at": 5.0})
    facts = copy.copy(settings)
    assert facts["result"] == result
    assert message in facts["message"]
    assert facts["ok_at"] == 5.0


def test_lock_of_the_repository_is_only_removed_when_stale(tmp_path: Path) -> None:
    script = (f"import os\nif 'unlock' in sys.argv: open({str(tmp_path / 'free')!r}, 'w')\n"
              f"elif os.path.exists({str(tmp_path / 'free')!r}): print({json.dumps(SUMMARY)!r})\n"
              "else: sys.stderr.write('repository is already locked by PID 1\\n'); sys.exit(1)")
    assert copy.copy(copying(tmp_path, script))["result"] == "ok"
    unlock = asked(tmp_path)[1]
    assert unlock[2:] == ["unlock"]
    assert "--remove-all" not in unlock


def test_copies_do_not_overlap(tmp_path: Path) -> None:
    settings = copying(tmp_path, "sys.exit(0)")
    with agent.locked(settings["lock"], 0), pytest.raises(agent.BusyError):
        copy.copy(settings)
    assert not (tmp_path / "asked").exists()


def test_a_program_ends_at_its_limit() -> None:
    assert agent.run(["sleep", "600"], 0.2).code == 124
    assert agent.run(["no-such-program-at-all"], 1).code == 127


def snapshots(*times: str) -> str:
    return json.dumps([{"short_id": f"id{number}", "time": text} for number, text in enumerate(times)])


def pruning(folder: Path, listed: str) -> dict[str, Any]:
    script = f"if 'snapshots' in sys.argv: print({listed!r})"
    return {"restic": double(folder, script), "keep_s": 2592000, "state": str(folder / "p.json"),
            "lock": str(folder / "lock"), "limit_s": 300}  # fmt: skip


def test_prune_keeps_what_the_policy_says(tmp_path: Path) -> None:
    facts = prune.prune(pruning(tmp_path, snapshots("2026-11-23T18:53:04.887221957Z")))
    assert facts["result"] == "ok"
    assert [words[2] for words in asked(tmp_path)] == ["snapshots", "unlock", "forget", "check"]
    forget = asked(tmp_path)[2]
    assert forget[forget.index("--keep-within") + 1] == "720h"
    assert "--keep-last" in forget


def test_prune_does_nothing_when_a_copy_comes_from_the_future(tmp_path: Path) -> None:
    facts = prune.prune(pruning(tmp_path, snapshots("2026-11-23T18:53:04Z", "2999-01-01T00:00:00.1+01:00")))
    assert facts["result"] == "failed"
    assert "id1" in facts["message"]
    assert [words[2] for words in asked(tmp_path)] == ["snapshots"]


def test_file_heartbeat_is_the_time(tmp_path: Path) -> None:
    path = tmp_path / "beats" / "docs"
    before = time.time()
    assert heartbeat.keep_beating({"kind": "file", "path": str(path), "every_s": 0.01}, beats=3) == 0
    assert before - 0.001 <= float(path.read_text()) <= time.time()
    assert [entry.name for entry in path.parent.iterdir()] == ["docs"]


@pytest.mark.parametrize(("retry_s", "started"), [(1000.0, 1), (0.0, 3)])
def test_a_cluster_that_lets_nobody_write_is_not_asked_each_second(
    retry_s: float, started: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Ended:
        stdin = None

        def __init__(self, argv: list[str], **_: Any) -> None:
            asked.append(argv)

        def poll(self) -> int:
            return 2

    monkeypatch.setattr(heartbeat.subprocess, "Popen", Ended)
    monkeypatch.setattr(heartbeat, "RETRY_S", retry_s)
    beat = heartbeat.postgresql_beat({"host": "/run", "port": 5432, "database": "bascule", "system": "erp"})
    for _ in range(3):
        beat()
    assert len(asked) == started


def test_heartbeat_goes_on_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "AGAIN_S", 0.0)
    settings = {"kind": "file", "path": str(tmp_path / "gone" / "docs"), "every_s": 0.01}
    beat = heartbeat.file_beat(settings)
    monkeypatch.setitem(heartbeat.KINDS, "file", lambda _: beat)
    os.rmdir(tmp_path / "gone")
    assert heartbeat.keep_beating(settings, beats=2) == 2


def test_statement_quotes() -> None:
    assert "'a''b'" in heartbeat.statement("a'b")


def test_mounts_are_read_as_the_kernel_writes_them() -> None:
    text = ("36 35 98:0 /a /srv/my\\040docs rw,noatime shared:1 - ext4 /dev/a rw\n"
            "37 36 98:0 /a /srv/my\\040docs ro,relatime - ext4 /dev/a rw\n")
    assert hold.held("/srv/my docs", text)
    assert not hold.held("/srv/my docs", text.splitlines()[0])
    assert not hold.held("/srv", text)


def test_tree_serves_paths_by_number_and_only_for_reading() -> None:
    paths = ["/srv/a", "/srv/b"]
    fine = "rsync --server --sender -lHogDtpAXrSe.iLsfxCIvu . 1/"
    assert tree.command(fine, paths) == ("rsync --server --sender -lHogDtpAXrSe.iLsfxCIvu . ./", "/srv/b")
    for bad in ("", "id", fine.replace("1/", "2/"), fine.replace("--sender ", ""), fine.replace("1/", "../1/x"),
                fine.replace("1/", "/etc/"), f"{fine}; id"):  # fmt: skip
        with pytest.raises(ValueError, match="only serves"):
            tree.command(bad, paths)


def test_common_moment_of_copies_and_a_log() -> None:
    points = {"files": [Reach(100), Reach(700)], "database": [Reach(50, 720)]}
    common = moment.common_moment(points)
    assert common is not None
    assert (common.moment, common.behind_s, common.spread_s) == (700, {"files": 0, "database": 0}, 0)


def test_common_moment_is_the_newest_that_is_near_enough() -> None:
    points = {"files": [Reach(100), Reach(700)], "mail": [Reach(101), Reach(400)]}
    assert moment.common_moment(points, tolerance_s=5).moment == 101  # type: ignore[union-attr]
    assert moment.common_moment(points, tolerance_s=300).moment == 700  # type: ignore[union-attr]


def test_common_moment_takes_the_least_bad_and_respects_the_limit() -> None:
    points = {"files": [Reach(100), Reach(700)], "mail": [Reach(400)]}
    assert moment.common_moment(points).moment == 700  # type: ignore[union-attr]
    assert moment.common_moment(points, not_after=500) == moment.Common(500, {"files": 400, "mail": 100})
    assert moment.common_moment(points, not_after=50) is None
    assert moment.common_moment({}) is None


def test_living_lock_is_waited_for_and_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "PAUSE_S", 0.01)
    locked = "sys.stderr.write('repository is already locked by PID 1\\n'); sys.exit(1)"
    facts = copy.copy({**copying(tmp_path, locked), "wait_s": 0.3})
    assert facts["result"] == "failed"
    assert "locked" in facts["message"]


def test_prune_waits_for_a_copy_that_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "PAUSE_S", 0.0)
    script = (f"import os\nif 'snapshots' in sys.argv: print('[]')\n"
              f"elif 'forget' in sys.argv and not os.path.exists({str(tmp_path / 'once')!r}):\n"
              f"    open({str(tmp_path / 'once')!r}, 'w'); sys.stderr.write('repository is already locked by PID 1\\n"
              "lock was created 1m ago\\n'); sys.exit(1)")
    settings = {**pruning(tmp_path, "[]"), "restic": double(tmp_path, script)}
    (tmp_path / "config").write_text(json.dumps({"prune": settings}))
    assert prune.main(["--config", str(tmp_path / "config")]) == 0
    assert agent.read_state(settings["state"])["result"] == "ok"
    assert [words[2] for words in asked(tmp_path)].count("forget") == 2
