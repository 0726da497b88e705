# SPDX-License-Identifier: Apache-2.0
"""Which backups a recovery along the newest timeline can start from. History and backups are those of a real lab."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import pg_awake, pg_backrest, pg_host, pg_lineage
from ansible_collections.bascule.continuity.plugins.module_utils.pg_points import Choice

# Timeline 4 was begun by a recovery to a moment before the end of 2, while 3 was known already.
HISTORY = """1\t0/4000000\tno recovery target specified

2\t0/80000A0\tno recovery target specified

3\t0/50002C0\tbefore 2026-11-27 08:32:27.702469+00

4\t0/90000A0\tno recovery target specified
"""
FULL, ASIDE, LAST = "20261127-083125F", "20261127-083125F_20261127-083425I", "20261127-083125F_20261127-083551I"


def backup(label: str, timeline: int, start: str, stop: str) -> dict[str, Any]:
    return {"label": label, "error": False, "lsn": {"start": start, "stop": stop},
            "archive": {"start": f"{timeline:08X}0000000000000003"}}  # fmt: skip


BACKUPS = [backup(FULL, 1, "0/3000028", "0/3000720"), backup(ASIDE, 2, "0/6000028", "0/6000540"),
           backup(LAST, 4, "0/7000028", "0/70029F8")]  # fmt: skip


@dataclass
class Owner:
    owner: str = "postgres"


@dataclass
class Job:
    id: str = "website-db"
    machine: str = "app2"
    notes: list[str] = field(default_factory=list)


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> dict[int, str | int]:
    """Histories by timeline, as the repository answers; a number is the exit code with which it does not."""
    held: dict[int, str | int] = {5: HISTORY}

    def run(argv: list[str], **_how: Any) -> pg_host.Done:
        options, command, path = argv
        assert (options, command, path[:24]) == ("--ignore-missing", "repo-get", "archive/website-db/15-1/")
        found = held.get(int(path[24:].partition(".")[0], 16), 1)
        text = found if isinstance(found, str) else ""
        return pg_host.Done(0 if text else int(found), text, "ERROR: [103]: unable to find a valid repository")

    info = {"archive": [{"id": "15-1", "max": "000000050000000000000009"}], "backup": BACKUPS}
    monkeypatch.setattr(pg_backrest, "info", lambda _job, _cluster: info)
    monkeypatch.setattr(pg_backrest, "command", lambda _job, *words: list(words))
    monkeypatch.setattr(pg_backrest, "stanza", lambda _job: "website-db")
    monkeypatch.setattr(pg_host, "run", run)
    return held


def choice(kind: str, *bases: str) -> Choice:
    return Choice("restore", "", kind, bases[0] if kind == "backup" else "", bases=bases)


@pytest.mark.parametrize(
    ("lsn", "timeline"), [("0/3000028", 1), ("0/4000000", 2), ("0/50002BF", 2), ("0/50002C0", 4), ("0/6000060", 4),
                          ("0/90000A0", 5), ("1/0", 5)]
)  # fmt: skip
def test_a_place_in_the_log_belongs_to_the_newest_timeline_that_has_it(lsn: str, timeline: int) -> None:
    assert pg_lineage.timeline_at(pg_awake.left_at(HISTORY), 5, pg_awake.position(lsn)) == timeline


def test_a_log_that_was_never_left_has_one_timeline() -> None:
    assert pg_lineage.leads_on(BACKUPS[0], [], 1)
    assert not pg_lineage.leads_on(BACKUPS[1], [], 1)


def test_a_backup_that_a_recovery_left_aside_is_not_started_from(repository: dict[int, str | int]) -> None:
    kept = pg_lineage.without_dead_ends(Job(), Owner(), choice("time", LAST, ASIDE, FULL))  # type: ignore[arg-type]
    assert kept.bases == (LAST, FULL)
    named = choice("backup", ASIDE)
    assert pg_lineage.without_dead_ends(Job(), Owner(), named) == named  # type: ignore[arg-type]


def test_a_timeline_that_has_just_begun_counts(repository: dict[int, str | int]) -> None:
    repository[6] = f"{HISTORY}5\t0/7000000\tbefore 2026-11-27 08:35:00+00\n"
    kept = pg_lineage.without_dead_ends(Job(), Owner(), choice("newest", LAST, ASIDE, FULL))  # type: ignore[arg-type]
    assert kept.bases == (FULL,)


def test_nothing_left_is_said_with_a_way_out(repository: dict[int, str | int]) -> None:
    with pytest.raises(pg_host.PlainError, match=f"leads to the end of the log.*recovery_point={ASIDE}"):
        pg_lineage.without_dead_ends(Job(), Owner(), choice("newest", ASIDE))  # type: ignore[arg-type]


def test_a_history_that_cannot_be_read_is_told_and_the_newest_backup_tried(repository: dict[int, str | int]) -> None:
    repository[5] = 103
    job = Job()
    kept = pg_lineage.without_dead_ends(job, Owner(), choice("newest", LAST, ASIDE))  # type: ignore[arg-type]
    assert kept.bases == (LAST, ASIDE)
    assert "without knowing whether the log goes on" in job.notes[0]


@pytest.mark.parametrize(
    ("shown", "runs", "gone"),
    [
        ("ActiveState=activating Job=7 ControlPID=55", False, False),
        ("ActiveState=activating Job=7 ControlPID=0", False, True),
        ("ActiveState=activating Job=7 ControlPID=0", True, False),
        ("ActiveState=inactive Job=7 ControlPID=0", False, False),
        ("ActiveState=failed Job= ControlPID=0", False, True),
        ("ActiveState=active Job= ControlPID=0", False, False),
    ],
)
def test_a_start_that_failed_is_seen(monkeypatch: pytest.MonkeyPatch, shown: str, runs: bool, gone: bool) -> None:
    @dataclass
    class Cluster:
        unit: str = "postgresql@15-main"

    monkeypatch.setattr(pg_host, "run", lambda _argv: pg_host.Done(0, shown.replace(" ", "\n"), ""))
    monkeypatch.setattr(pg_awake.pg_cluster, "running", lambda _cluster: runs)
    assert pg_awake.gone(Cluster()) is gone  # type: ignore[arg-type]
