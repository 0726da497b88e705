# SPDX-License-Identifier: Apache-2.0
"""What a former primary wrote that the other side never had: counted, kept aside, and let go where both have it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_agents,
    files_leftover,
    files_return,
    files_tree,
    machine_marker,
    pg_leftover,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

HEAP = "rmgr: Heap        len (rec/tot):     59/   195, tx:        {}, lsn: 0/03000148, prev 0/03000110, desc: {} off 2"
AT = ", blkref #0: rel 1663/{}/{} blk 0 FPW"
COMMIT = "rmgr: Transaction len (rec/tot):     34/    34, tx:        {}, lsn: 0/03000210, desc: COMMIT {}"
WHEN = "2026-11-25 02:40:00.123456 UTC"


def test_transactions_are_counted_that_changed_rows_of_the_firm() -> None:
    lines = [
        HEAP.format(701, "INSERT") + AT.format(5, 16400), COMMIT.format(701, WHEN),
        HEAP.format(702, "HOT_UPDATE") + AT.format(77, 16390), COMMIT.format(702, "2026-11-25 02:41:00.0 UTC"),
        HEAP.format(703, "UPDATE") + AT.format(5, 2619), COMMIT.format(703, "2026-11-25 02:42:00.0 UTC"),
        HEAP.format(704, "DELETE") + AT.format(5, 16400),
        HEAP.format(706, "MULTI_INSERT").replace("Heap  ", "Heap2 ") + AT.format(5, 16400),
        COMMIT.format(705, "2026-11-25 02:43:00.5 UTC") + "; subxacts: 706",
        "rmgr: Standby     len (rec/tot):     50/    50, tx:          0, lsn: 0/03000240, desc: RUNNING_XACTS",
    ]  # fmt: skip
    found = pg_leftover.Leftover()
    # 702 is a heartbeat, 703 the server's own statistics, 704 was never committed.
    assert found.read(lines, "77") == len(lines)
    assert (found.transactions, found.last_at) == (2, "2026-11-25 02:43:00.5 UTC")
    assert found


def test_nothing_is_left_over_after_nothing() -> None:
    assert not pg_leftover.Leftover()
    assert pg_leftover.Leftover(unknown="no log")


@pytest.mark.parametrize(("timeline", "place"), [(1, "0/3000148"), (2, "0/50000A0"), (3, "")])
def test_the_fork_is_where_the_other_side_left_a_timeline(timeline: int, place: str) -> None:
    history = "1\t0/3000148\tno recovery target specified\n\n2\t0/50000A0\tno recovery target specified\n"
    assert pg_leftover.fork(history, timeline) == place


@pytest.fixture
def job(tmp_path: Path) -> Job:
    system: dict[str, Any] = {
        "id": "docs", "type": "files", "group": "work", "machines": {"primary": "fone", "standby": "ftwo"},
        "settings": {"paths": [str(tmp_path / "srv" / "docs")]},
    }  # fmt: skip
    (tmp_path / "srv" / "docs").mkdir(parents=True)
    made = Job(system, "primary", "primary", "p", root=str(tmp_path / "root"))
    made.peer = {"taken": "run-1", "reaches": time.time() - 60, "machine": "ftwo"}
    made.save(epoch=1)
    return made


def kept(job: Job) -> list[str]:
    """Names of what was kept, below its folder."""
    places = job.state().get("kept") or []
    return sorted(os.path.basename(name) for place in places for name, status in files_tree.entries(place)
                  if not os.path.isdir(name) and status)


def test_what_was_written_after_the_copy_is_kept_until_both_have_it(job: Job) -> None:
    tree = Path(job.paths[0])
    for name in ("both.txt", "mine.txt", "changed.txt"):
        (tree / name).write_text(name)
    (tree / "link").symlink_to("both.txt")
    files_leftover.keep(job)
    assert kept(job) == ["both.txt", "changed.txt", "link", "mine.txt"]
    (tree / "mine.txt").unlink()
    (tree / "changed.txt").write_text("as the other side has it")
    told = files_leftover.settle(job)
    assert kept(job) == ["changed.txt", "mine.txt"]
    assert "fone held 2 files of docs that ftwo never had" in told[0]
    (tree / "later.txt").write_text("brought by the pass itself")
    files_leftover.keep(job)
    assert kept(job) == ["changed.txt", "mine.txt"], "one move is searched once"


def test_the_last_pass_keeps_nothing_aside(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The side that is held says other things than the one that serves; users wait meanwhile."""
    for name in ("install_runtime", "ensure", "release", "stand_down"):
        monkeypatch.setattr(files_agents, name, lambda _job: None)
    theirs = Path(job.paths[0]) / "mine.txt"
    monkeypatch.setattr(files_return, "bring", lambda *_: (theirs.write_text("as the other side has it"), 0))
    job.system["protections"] = [{"by": "restic", "every_s": 600, "keep_s": 86400, "key": {"secret": "k"},
                                  "repository": "/var/lib/bascule/copies/p/docs"}]  # fmt: skip
    theirs.write_text("mine")
    job.peer["serves"] = True
    files_return.resync(job)
    there = job.state()["kept"]
    job.peer, job.options = {"serves": True, "machine": "ftwo"}, {"final": True}
    files_return.resync(job)
    assert job.state()["kept"] == there
    assert kept(job) == ["mine.txt"]
    assert Path(f"{there[0]}{theirs}").read_text() == "mine"


def test_nothing_is_kept_of_what_the_copy_holds(job: Job) -> None:
    (Path(job.paths[0]) / "old.txt").write_text("old")
    job.peer["reaches"] = time.time() + 60
    files_leftover.keep(job)
    assert not kept(job)


def test_a_machine_that_nobody_knows_keeps_all(job: Job) -> None:
    (Path(job.paths[0]) / "found.txt").write_text("somebody's")
    job.peer["reaches"] = time.time() + 60
    job.save(epoch=None)
    files_leftover.keep(job)
    assert kept(job) == ["found.txt"]


def test_no_room_is_said_and_nothing_touched(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    (Path(job.paths[0]) / "mine.txt").write_text("mine")
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((1, 1, 1, 1, 0, 0, 0, 0, 0, 255)))
    with pytest.raises(TroubleError, match="no room to keep that"):
        files_leftover.keep(job)
    assert (Path(job.paths[0]) / "mine.txt").exists()
    assert "searched" not in job.state()


def test_a_marker_grows_while_a_group_moves_and_is_never_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_marker, "LOCK", str(tmp_path / "lock"))
    path = str(tmp_path / "groups" / "orders.json")
    move = {"group": "orders", "epoch": 3, "serving": "primary"}
    assert machine_marker.write(path, {**move, "systems": ["db"]}, "run-1")[1]
    there, changed = machine_marker.write(path, {**move, "systems": ["app"]}, "run-2")
    assert (there["systems"], changed) == (["db", "app"], True)
    assert not machine_marker.write(path, {**move, "systems": ["app", "db"]}, "run-2")[1]
    with pytest.raises(ValueError, match="epoch 3, says that the primary serves"):
        machine_marker.write(path, {"group": "orders", "epoch": 2, "serving": "standby", "systems": ["db"]}, "run-3")
    assert machine_marker.write(path, {"group": "orders", "epoch": 4, "serving": "standby", "systems": ["db"]}, "r")[0][
        "systems"] == ["db"]  # fmt: skip
