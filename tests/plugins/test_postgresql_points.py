# SPDX-License-Identifier: Apache-2.0
"""Recovery points of PostgreSQL: what pgBackRest lists, and which copy a recovery takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import pg_points
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError

FULL, INCR = "20261120-030000F", "20261120-030000F_20261121-030000I"


def entry(label: str, kind: str, stop: int, **more: Any) -> dict[str, Any]:
    return {"label": label, "type": kind, "error": False, "timestamp": {"start": stop - 60, "stop": stop},
            "info": {"size": 1000, "repository": {"delta": 100, "size": 200}}, **more}  # fmt: skip


INFO = {"name": "erp-db", "backup": [entry(FULL, "full", 1000000000), entry(INCR, "incr", 1000086400),
                                     entry("20261122-030000F", "full", 1000172800, error=True)]}  # fmt: skip
POINTS = pg_points.listing(pg_points.backups(INFO), 1000090000.0, None)


def choose(**how: Any) -> pg_points.Choice:
    return pg_points.choose(**{"live": "", "copies": True, "mode": "loss", "point": None, "points": POINTS, **how})


def test_backups_are_newest_first_and_broken_ones_left_out() -> None:
    found = pg_points.backups(INFO)
    assert [point["id"] for point in found] == [INCR, FULL]
    assert (found[0]["at"], found[0]["kind"], found[0]["bytes"]) == (1000086400.0, "incr", 100)
    assert not found[0]["verified"]


def test_the_live_copy_and_the_end_of_the_log_are_points() -> None:
    found = pg_points.listing(pg_points.backups(INFO), 1000090000.0, 1000090010.0)
    assert [point["id"] for point in found] == ["live", "archive", INCR, FULL]


def test_log_without_a_backup_is_no_point() -> None:
    assert pg_points.listing([], 1000090000.0, None) == []


def test_the_newest_log_is_that_of_the_last_segment(tmp_path: Path) -> None:
    folder = tmp_path / "archive" / "erp-db" / "15-1" / "0000000100000000"
    folder.mkdir(parents=True)
    for number, at in ((1, 500.0), (2, 900.0)):
        name = f"0000000100000000{number:08X}-{'a' * 40}.zst"
        (folder / name).write_text("")
        os.utime(folder / name, (at, at))
    (folder / f"000000010000000000000002.00000028.backup-{'a' * 40}").write_text("")
    assert pg_points.newest_log(str(tmp_path), "erp-db") == 900.0
    assert pg_points.newest_log(str(tmp_path), "other") is None


@pytest.mark.parametrize(
    ("text", "at"),
    [("2001-09-09T01:46:40Z", 1e9), ("2001-09-09T03:46:40+02:00", 1e9), ("1000000000.5", 1000000000.5), ("soon", None)],
)
def test_moments(text: str, at: float | None) -> None:
    assert pg_points.moment(text) == at


def test_a_moment_says_its_zone() -> None:
    with pytest.raises(PlainError, match="does not say its zone"):
        pg_points.moment("2026-11-23T15:10:24")


def test_the_live_copy_is_taken_when_it_can_be() -> None:
    assert choose().strategy == "promote"


def test_a_broken_live_copy_gives_way_and_says_so() -> None:
    choice = choose(live="it does not run")
    assert (choice.strategy, choice.kind) == ("restore", "newest")
    assert "it does not run" in choice.why


def test_backups_alone_are_restored_to_the_end_of_the_log() -> None:
    assert choose(live=None) == pg_points.Choice("restore", "only backups with log are kept")


def test_a_moment_within_the_log_is_restored() -> None:
    choice = choose(point="1000088000")
    assert (choice.strategy, choice.kind, choice.target) == ("restore", "time", "2001-09-10 02:13:20.000000+00")


def test_a_backup_by_its_name() -> None:
    assert (choose(point=FULL).kind, choose(point=FULL).target) == ("backup", FULL)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"mode": "compromise"}, "Choose a moment before it"),
        ({"mode": "corruption", "live": None}, "Choose a moment before it"),
        ({"point": "1000099999"}, "outside what the copies hold"),
        ({"point": "20261122-030000F"}, "There is no backup"),
        ({"point": "yesterday"}, "neither a backup nor a time"),
        ({"point": "1000088000", "copies": False}, "Only the live copy is kept"),
        ({"point": "1000088000", "points": []}, "there is no backup"),
        ({"point": "live", "live": "it does not run"}, "cannot be used"),
        ({"live": "it does not run", "copies": False, "points": []}, "No usable copy"),
        ({"live": None, "points": []}, "No usable copy"),
    ],
)
def test_what_cannot_be_recovered_is_said(how: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlainError, match=sentence):
        choose(**how)


def test_a_chosen_point_wins_over_the_live_copy_in_a_compromise() -> None:
    assert choose(mode="compromise", point="1000088000").strategy == "restore"


def test_segments_since_a_backup_are_counted_over_all_folders(tmp_path: Path) -> None:
    for number, (folder, name) in enumerate([("0", "E"), ("0", "F"), ("1", "0")]):
        segment = f"000000010000000{folder}0000000{name}-{'0' * 40}.zst"
        path = tmp_path / "archive/db/15-1" / segment[:16] / segment
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1000 + number, 1000 + number))
    (tmp_path / "archive/db/15-1/00000002.history").touch()
    assert pg_points.segments_since(str(tmp_path), "db", 1000.5) == 2
    assert pg_points.segments_since(str(tmp_path), "db", 0) == 3


@pytest.mark.parametrize(("segments", "ahead"), [(2, False), (8, True)])
def test_log_is_fetched_ahead_where_there_is_much_of_it(tmp_path: Path, segments: int, ahead: bool) -> None:
    folder = tmp_path / "archive/db/15-1/0000000100000000"
    folder.mkdir(parents=True)
    for number in range(segments):
        (folder / f"{folder.name}0000000{number}-{'0' * 40}.zst").touch()
    saved = [{"id": FULL, "at": 1000.0, "by": "pgbackrest", "kind": "full"}]
    newest = pg_points.Choice("restore", "")
    assert pg_points.with_log(newest, saved, str(tmp_path), "db").ahead is ahead
    later = pg_points.Choice("restore", "", "time", "2026-11-20 03:00:00+00:00")
    assert pg_points.with_log(later, saved, str(tmp_path), "db").ahead is ahead
    assert pg_points.with_log(newest, [], str(tmp_path), "db").ahead is True


def test_a_backup_that_ended_within_the_second_asked_for_may_have_ended_after_it() -> None:
    def bases(at: float) -> tuple[str, ...]:
        return pg_points.based(pg_points.Choice("restore", "", "time", pg_points.target_text(at)), POINTS).bases

    assert bases(1000086400.9) == (FULL,)
    assert bases(1000086401.0) == (INCR, FULL)
    with pytest.raises(PlainError, match="outside what the copies hold"):
        choose(point="1000000000.9")
    assert next(point for point in POINTS if point["id"] == "archive")["since"] == 1000000001.0
