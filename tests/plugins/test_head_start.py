# SPDX-License-Identifier: Apache-2.0
"""What is less urgent lets what is most urgent go first, for a time that its own target does not notice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.plugin_utils import _head_start

from bascule_runtime import runs

GROUPS = {"orders": ("db", 1800), "drawings": ("files", 14400), "parking": ("gate", 300)}


def firm() -> dict[str, Any]:
    return {
        "groups": {name: {"systems": [system], "activities": [name]} for name, (system, _rto) in GROUPS.items()},
        "activities": {name: {"group": name, "target": {"rto_s": rto}} for name, (_system, rto) in GROUPS.items()},
        "systems": {system: {"id": system, "group": name} for name, (system, _rto) in GROUPS.items()},
        "units": [
            unit
            for name, (system, _rto) in GROUPS.items()
            for unit in (
                {"id": f"system.{system}", "kind": "system", "subject": system, "after": []},
                {"id": f"activity.{name}", "kind": "activity", "subject": name, "after": [f"system.{system}"]},
            )
        ],
    }


def asked(group: str, *within: str, **run: Any) -> tuple[list[str], float]:
    plan, system = firm(), GROUPS[group][0]
    subjects = {*within, *(GROUPS[name][0] for name in within)}
    units = [unit["id"] for unit in plan["units"] if unit["subject"] in subjects]
    about = {"driver": "activate", "check": False, "scope": {"groups": [*within], "units": units}, **run}
    return _head_start.before(plan, about, {"id": f"system.{system}", "kind": "system", "group": group})


def test_all_of_the_most_urgent_group_goes_first() -> None:
    ahead, limit_s = asked("drawings", "orders", "drawings")
    assert set(ahead) == {"system.db", "activity.orders"}
    assert limit_s == _head_start.MOST_S
    assert asked("orders", "orders", "drawings")[0] == []
    # Only the one: those behind it do not wait for each other.
    assert set(asked("drawings", "orders", "drawings", "parking")[0]) == {"system.gate", "activity.parking"}


def test_groups_that_are_missed_as_much_do_not_wait_for_each_other() -> None:
    plan = firm()
    targets = [plan["activities"][name]["target"] for name in ("orders", "parking")]
    run = {
        "driver": "activate",
        "check": False,
        "scope": {"groups": ["orders", "parking"], "units": [unit["id"] for unit in plan["units"]]},
    }
    for rto_s, waits in ((targets[1]["rto_s"], False), (targets[1]["rto_s"] + 1, True)):
        targets[0]["rto_s"] = rto_s
        ahead, _limit_s = _head_start.before(plan, run, {"id": "system.db", "kind": "system", "group": "orders"})
        assert bool(ahead) == waits


def test_it_is_short_beside_the_target_of_who_waits() -> None:
    plan = firm()
    plan["activities"]["orders"]["target"]["rto_s"] = 310
    run = {
        "driver": "activate",
        "check": False,
        "scope": {"groups": ["orders", "parking"], "units": [unit["id"] for unit in plan["units"]]},
    }
    _ahead, limit_s = _head_start.before(plan, run, {"id": "system.db", "kind": "system", "group": "orders"})
    assert limit_s == pytest.approx(3.1)


@pytest.mark.parametrize("run", [{"driver": "failback"}, {"check": True}])
def test_nobody_waits_where_nothing_is_to_be_gained(run: dict[str, Any]) -> None:
    assert asked("drawings", "orders", "drawings", **run) == ([], 0.0)


def waited(folder: Path, since: float) -> float:
    """Seconds for which the drawings let the orders go first, when they could have begun at `since`."""
    plan = firm()
    units = [unit["id"] for unit in plan["units"]]
    run = {"driver": "activate", "check": False, "scope": {"groups": ["orders", "drawings"], "units": units}}
    unit = {"id": "system.files", "kind": "system", "group": "drawings", "since": since}
    began = time.monotonic()
    _head_start.give_head_start(plan, run, unit, folder, 0.05)
    return time.monotonic() - began


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head start that no test waits for."""
    monkeypatch.setattr(_head_start, "MOST_S", 60.0)
    monkeypatch.setattr(_head_start, "LULL_S", 60.0)


@pytest.mark.usefixtures("long")
def test_it_ends_with_those_that_go_first_also_where_they_fail(tmp_path: Path) -> None:
    runs.write_state(tmp_path, "system.db", "failed")
    runs.write_state(tmp_path, "activity.orders", "blocked")
    assert waited(tmp_path, time.time()) < 30


@pytest.mark.usefixtures("long")
def test_it_is_counted_from_when_the_unit_could_have_begun(tmp_path: Path) -> None:
    assert 0.3 < waited(tmp_path, time.time() - 59.5) < 30


@pytest.mark.usefixtures("long")
def test_it_is_over_when_those_that_go_first_wait_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_head_start, "LULL_S", 0.4)
    assert 0.3 < waited(tmp_path, time.time()) < 30


def test_it_ends_when_names_lead_to_those_that_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = firm()
    switch = {"id": "switch.orders", "kind": "switch", "subject": "orders", "after": ["system.db"]}
    monkeypatch.setitem(globals(), "firm", lambda: {**plan, "units": [*plan["units"], switch]})
    assert set(asked("drawings", "orders", "drawings")[0]) == {"system.db", "switch.orders"}
