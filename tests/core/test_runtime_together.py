# SPDX-License-Identifier: Apache-2.0
"""Systems that are recovered to one moment: who belongs together, and which moment their points allow."""

from __future__ import annotations

from bascule_runtime import moment, scope


def plan(**ties: list[str]) -> dict[str, object]:
    return {"systems": {name: {"consistent_with": others} for name, others in ties.items()}}


def test_ties_hold_both_ways_and_onward() -> None:
    """A says it goes with B, and B with C: asking any of them names the two others."""
    written = plan(a=["b"], b=["c"], c=[], alone=[])
    assert scope.tied(written, "a") == ["b", "c"]
    assert scope.tied(written, "c") == ["a", "b"]
    assert scope.tied(written, "alone") == []


def test_a_log_is_replayed_to_the_moment_of_the_files() -> None:
    """Files of 100 and 200, a log from 50 to 230: both can be had at 200."""
    reaches = {
        "files": moment.reaches([{"at": 200.0}, {"at": 100.0}]),
        "db": moment.reaches([{"at": 230.0, "since": 50.0}, {"at": 50.0}]),
    }
    common = moment.common_moment(reaches)
    assert common is not None
    assert common.moment == 200.0


def test_an_older_log_takes_the_files_back() -> None:
    """Files of 100 and 200, a log that ends at 150: the files of 100 and the log up to there."""
    reaches = {
        "files": moment.reaches([{"at": 200.0}, {"at": 100.0}]),
        "db": moment.reaches([{"at": 150.0, "since": 50.0}]),
    }
    common = moment.common_moment(reaches)
    assert common is not None
    assert common.moment == 100.0


def test_a_time_without_its_zone_is_not_a_time() -> None:
    """`recovery_point=` may be a time; the identity of a copy is none."""
    assert moment.parse("2026-01-02T03:04:05Z") == 1767323045.0
    assert moment.parse("2026-01-02T03:04:05") is None
    assert moment.parse("4bf31c20") is None
