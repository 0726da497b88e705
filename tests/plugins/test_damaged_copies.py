# SPDX-License-Identifier: Apache-2.0
"""What is decided about copies that cannot be read back, and about servers of another version."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_damage,
    pg_awake,
    pg_points,
    pg_verify,
    pg_version,
    plain_time,
    restic_repository,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import Ended

OLD, MIDDLE, NEW = (
    {"id": name, "at": at, "kind": "full"} for name, at in (("old", 1000.0), ("middle", 4600.0), ("new", 8200.0))
)
VERIFIED = """P00   INFO: stanza: erp-db
  status: error
    archiveId: 15-1, total WAL checked: 9, total valid WAL: 7
    backup: 20261125-022744F, status: invalid, total files checked: 1566, total valid files: 1565
    backup: 20261125-032744F, status: valid, total files checked: 1566, total valid files: 1566
"""


def job(root: str) -> Job:
    system = {"id": "docs", "machines": {"standby": "ftwo"}, "settings": {"paths": ["/srv/docs"]}}
    return Job(system=system, side="standby", serving="standby", policy="p", root=root)


@pytest.mark.parametrize(
    ("whole", "says"),
    [
        ({"middle": True}, "is middle, 1 h older"),
        ({"middle": False, "old": True}, "is old, 2 h older"),
        ({"middle": None}, "The next is middle"),
        ({"middle": False, "old": False}, "None of the 2 older ones"),
    ],
)
def test_the_newest_whole_copy_is_offered(
    whole: dict[str, bool | None], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restic_repository, "whole", lambda _job, point, _limit: whole[point["id"]])
    told = files_damage.instead(job(str(tmp_path)), NEW, [NEW, MIDDLE, OLD])
    assert says in told
    assert ("-e recovery_point=" in told) == (None in whole.values() or True in whole.values())


def test_a_copy_that_was_read_back_is_no_longer_held_damaged(tmp_path: Path) -> None:
    ours = job(str(tmp_path))
    files_damage.remember(ours, NEW, "no end")
    assert files_damage.apart(ours, [NEW, OLD]) == ([OLD], [NEW])
    files_damage.absolve(ours, NEW)
    assert files_damage.apart(ours, [NEW, OLD]) == ([NEW, OLD], [])


def test_the_file_is_named_rather_than_the_count_of_errors() -> None:
    said = "ignoring error for /srv/docs/a: ciphertext verification failed\nFatal: There were 2 errors\n"
    assert restic_repository.why_not(Ended(1, "", said)) == "/srv/docs/a: ciphertext verification failed"


@pytest.mark.parametrize(
    ("choice", "bases"),
    [
        (pg_points.Choice("restore", ""), ("new", "middle", "old")),
        (pg_points.Choice("restore", "", "time", pg_points.target_text(5000.5)), ("middle", "old")),
        (pg_points.Choice("restore", "", "backup", "middle"), ("middle",)),
    ],
)
def test_a_restore_starts_from_any_backup_before_the_moment(choice: pg_points.Choice, bases: tuple[str, ...]) -> None:
    assert pg_points.based(choice, [NEW, OLD, MIDDLE]).bases == bases


def test_segments_and_positions_are_numbered_alike() -> None:
    size = 16 << 20
    assert pg_awake.number_of("000000030000000200000005", size) == pg_awake.position("2/5000098") // size


def test_what_verify_says_is_understood() -> None:
    found = pg_verify.read(VERIFIED)
    assert found == pg_verify.Found(("20261125-022744F",), 2)


@pytest.mark.parametrize(("versions", "says"), [(["16"], "has PostgreSQL 16"), ([], "no PostgreSQL"), (["15"], "")])
def test_another_major_version_is_named(versions: list[str], says: str, tmp_path: Path) -> None:
    for version in versions:
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "postgres").touch()
    told = pg_version.problem("db2", "erp-db", "15/main", str(tmp_path))
    assert says in told
    assert bool(told) == bool(says)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "less than 1 s"), (100, "1 min 40 s"), (7205, "2 h"), (90000, "1 d 1 h")]
)
def test_spans(seconds: float, text: str) -> None:
    assert plain_time.span(seconds) == text
