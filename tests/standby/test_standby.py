# SPDX-License-Identifier: Apache-2.0
"""Is the side that serves what the plan says? A machine that does not answer fails its checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conftest import ask_observer, found

# A heartbeat is written every second; a busy machine may be late.
HEARTBEAT_S = 15.0


def only(kinds: Callable[[dict[str, Any]], bool]) -> Callable[[Any], Any]:
    """Leave out systems that have nothing of the kind: they are not skipped checks but no checks."""
    def mark(function: Any) -> Any:
        function.kinds = kinds
        return function
    return mark


def test_is_marked_as_serving(system: str) -> None:
    marker = found(system)["marker"]
    # Before the first activation there is no marker, and the primary serves.
    assert marker is None or system in marker.get("systems", [system]), f"{system}: the marker names another side"


@only(lambda entry: bool(entry["settings"].get("units")))
def test_units_are_active(system: str) -> None:
    states = found(system)["units"]
    assert set(states.values()) == {"active"}, f"{system}: {states}"


@only(lambda entry: bool((entry["settings"].get("answers") or {}).get("port")))
def test_port_answers(system: str) -> None:
    assert all(found(system)["ports"].values()), f"{system}: its port does not answer"


@only(lambda entry: bool(entry["settings"].get("paths") or entry["settings"].get("state")))
def test_trees_are_there_and_readable(system: str) -> None:
    for path, tree in found(system)["trees"].items():
        assert tree["there"], f"{system}: {path} is not there"
        assert not tree.get("unreadable"), f"{system}: {tree.get('unreadable')}"


@only(lambda entry: bool(entry["settings"].get("cluster")))
def test_database_can_be_written(system: str) -> None:
    cluster = found(system)["cluster"]
    assert cluster["there"], f"{system}: the cluster is not there"
    assert cluster["writable"], f"{system}: the cluster cannot be written to"
    assert cluster["databases"] > 0, f"{system}: there is no database"


@only(lambda entry: bool(entry["settings"].get("cluster")) and bool(entry["protections"]))
def test_database_heart_beats(system: str) -> None:
    seen = found(system)
    beat = seen["cluster"].get("heartbeat")
    assert beat, f"{system}: no heartbeat"
    assert seen["clock"] - beat < HEARTBEAT_S, f"{system}: the last heartbeat is {seen['clock'] - beat:.0f} s old"


@only(lambda entry: bool(entry["settings"].get("guest")))
def test_guest_runs(system: str) -> None:
    state = found(system)["guest"]
    assert state == "running", f"{system}: {state}"


@only(lambda entry: bool(entry["protections"] and (entry["settings"].get("paths") or entry["settings"].get("state"))))
def test_files_heart_beats(system: str) -> None:
    seen = found(system)
    assert seen["heartbeat"], f"{system}: no heartbeat"
    age = seen["clock"] - seen["heartbeat"]
    assert age < HEARTBEAT_S, f"{system}: the last heartbeat is {age:.0f} s old"


def test_activity_is_usable(activity: str) -> None:
    answer = ask_observer(activity)
    assert answer["usable"], f"{activity} is not usable: {answer['reason']}"
