# SPDX-License-Identifier: Apache-2.0
"""Drift in the report of a run: whom a finding hits, what decides the exit, and what is known of a silent machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bascule_runtime import report, text
from bascule_runtime.drift import seen

T = 1_800_000_000.0
DAY = 86400.0
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "report" / "v1.schema.json").read_text())
SIDES = {"primary": "1", "standby": "2"}


def plan() -> dict[str, Any]:
    """Two activities that share nothing: orders needs db and app, plans needs files."""

    def system(name: str, machine: str) -> dict[str, Any]:
        machines = {side: f"{machine}{number}" for side, number in SIDES.items()}
        return {"id": name, "machines": machines, "protections": [], "size_bytes": 1000, "settings": {}}

    def activity(name: str, systems: list[str]) -> dict[str, Any]:
        target = {"rto_s": 100, "rpo_s": 10}
        return {"id": name, "name": {"en": name}, "systems": systems, "group": name, "target": target,
                "predicted": {"rto": {"seconds": 1}}}  # fmt: skip

    nodes = (("system", ("db", "app", "files")), ("activity", ("orders", "plans")))
    subjects = [(kind, name) for kind, names in nodes for name in names]
    units = [{"id": f"{kind}.{name}", "kind": kind, "subject": name, "after": []} for kind, name in subjects]
    return {
        "policy": {"id": "double", "digest": "sha256:0", "name": {"en": "Invented"}, "language": "en"},
        "systems": {"db": system("db", "db"), "app": system("app", "web"), "files": system("files", "web")},
        "activities": {"orders": activity("orders", ["db", "app"]), "plans": activity("plans", ["files"])},
        "units": units, "controllers": {}, "firm": {"risks": {"fire": {"lasts_s": 10 * DAY}}},
    }  # fmt: skip


def facts(side: str, machine: str, **sections: Any) -> dict[str, Any]:
    return {"side": side, "machine": f"{machine}{SIDES[side]}", "at": T - 1, "unread": {}, **sections}


def status(system: str, evidence: dict[str, Any]) -> dict[str, Any]:
    return {"t": T, "event": "task", "unit": f"system.{system}", "name": "Look", "phase": "status", "state": "ok",
            "began": T - 1, "seconds": 1.0, "step": "status", "evidence": evidence}  # fmt: skip


def computed(
    *tasks: dict[str, Any], plan_of: dict[str, Any] | None = None, offset: float = 0.0, missing: tuple[str, ...] = ()
) -> dict[str, Any]:
    wanted = plan_of or plan()
    units = [unit["id"] for unit in wanted["units"]]
    machines = {name: True for entry in wanted["systems"].values() for name in entry["machines"].values()}
    look = {**status("db", {"offset_s": offset}), "step": "look", "machine": "db2"}
    del look["unit"]
    events = [
        {"t": T - 9, "event": "run_started", "driver": "status", "check": False, "policy": "double", "digest": "s"},
        {"t": T - 8, "event": "guard", "id": "r", "driver": "status", "started": T, "scope": {"units": units},
         "reachable": machines, "directions": {}, "check": False, "secrets_missing": list(missing)}, look, *tasks,
        {"t": T + 1, "event": "run_ended", "exit_hint": 0},
    ]  # fmt: skip
    found = report.compute(wanted, events)
    jsonschema.validate(found, SCHEMA)
    for language in ("en", "fr"):
        shown = text.render(found, language)
        assert max(text.columns(line) for line in shown.splitlines()) <= text.WIDTH
        for entry in found["drift"]["findings"]:
            words = " ".join(entry["says"][language]["what"].split())
            assert words in " ".join(shown.split()), words
    return found


def both(system: str, machine: str, here: dict[str, Any], there: dict[str, Any]) -> list[dict[str, Any]]:
    return [status(system, {"facts": facts("primary", machine, **here)}),
            status(system, {"facts": facts("standby", machine, **there)})]  # fmt: skip


def hits(found: dict[str, Any]) -> dict[str, list[str]]:
    return {entry["code"]: entry["activities"] for entry in found["drift"]["findings"]}


def test_sides_that_share_all_are_said_to() -> None:
    found = computed(*both("db", "db", {"packages": {"x": "1-1"}}, {"packages": {"x": "1-1"}}))
    assert hits(found) == {}
    assert found["ok"]
    assert "Both sides share what they must." in text.render(found)
    known = {"system": "db", "source": "db1", "target": "db2", "at": T - 1, "kept": False}
    assert found["drift"]["compared"] == [known]


def test_what_breaks_an_activity_decides_and_is_named_for_it_alone() -> None:
    found = computed(*both("files", "web", {"packages": {"x": "1-1"}}, {"packages": {"x": None}}))
    assert hits(found) == {"package_missing": ["plans"]}
    assert not found["ok"]
    assert {entry["id"]: entry["keeps_rto"] for entry in found["outlook"]} == {"orders": True, "plans": False}
    assert found["problems"] == [
        "plans: The package x (1-1 on web1) is not installed on web2. It would not start.",
    ]


@pytest.mark.parametrize(("version", "level"), [("2-1", "degrades"), ("1-2", "note")])
def test_less_than_that_is_said_and_decides_nothing(version: str, level: str) -> None:
    found = computed(*both("files", "web", {"packages": {"x": "1-1"}}, {"packages": {"x": version}}))
    assert [entry["level"] for entry in found["drift"]["findings"]] == [level]
    assert found["ok"]


def test_one_difference_of_a_machine_is_told_once_for_all_that_it_hits() -> None:
    here, there = {"host": {"timezone": "Europe/Paris"}}, {"host": {"timezone": "Etc/UTC"}}
    found = computed(*both("app", "web", here, there), *both("files", "web", here, there))
    assert hits(found) == {"timezone": ["orders", "plans"]}


def test_the_worst_comes_first() -> None:
    here = {"packages": {"a": "1-1", "b": "1-1", "c": "1-1"}}
    found = computed(*both("db", "db", here, {"packages": {"a": "1-2", "b": "2-1", "c": None}}))
    assert [entry["level"] for entry in found["drift"]["findings"]] == ["breaks", "degrades", "note"]


def test_a_silent_machine_is_compared_by_what_was_kept_of_it() -> None:
    kept = {**facts("primary", "db", packages={"x": "1-1"}), "at": T - 5 * DAY}
    found = computed(status("db", {"facts": facts("standby", "db", packages={"x": None}), "kept": kept}))
    assert hits(found) == {"package_missing": ["orders"]}
    assert found["drift"]["findings"][0]["seen_at"] == T - 5 * DAY
    assert found["drift"]["compared"][0]["kept"]
    assert f"db1: compared with what was seen before, {text.moment(T - 5 * DAY)}" in text.render(found)


def test_a_silent_machine_that_was_never_seen_is_said() -> None:
    found = computed(status("db", {"facts": facts("standby", "db")}))
    assert hits(found) == {"never_seen": ["orders"]}
    assert found["ok"]


def test_what_answers_now_outranks_what_was_kept() -> None:
    kept = facts("primary", "db", packages={"x": "0-1"})
    tasks = [status("db", {"facts": facts("primary", "db", packages={"x": "1-1"})}),
             status("db", {"facts": facts("standby", "db", packages={"x": "1-1"}), "kept": kept})]  # fmt: skip
    assert hits(computed(*tasks)) == {}


def test_clock_room_and_licences() -> None:
    wanted = plan()
    wanted["firm"]["licences"] = {"erp": {"id": "erp", "of": ["app"], "until": "2001-01-01"}}
    room = {"path": "/srv", "device": 1, "free": 999}
    tasks = [*both("db", "db", {"room": {"bytes": 10}}, {"room": room}), *both("app", "web", {}, {})]
    found = computed(*tasks, plan_of=wanted, offset=400)
    assert hits(found) == {"clock_far": ["orders"], "room": ["orders"], "licence_ended": ["orders"]}
    assert len(found["problems"]) == 3


def test_a_controller_that_cannot_run_a_recovery_is_named_and_does_not_decide() -> None:
    """ADR 6: the computer that runs this can. What is missing on that one does decide."""
    wanted = plan()
    wanted["controllers"] = {"standby-box": {"site": "standby", "machine": "db2"}}
    said = "the secret dns-key: it is not there"
    box = {**status("db", {"problems": [said]}), "machine": "db2", "name": "Try secrets and machines from there"}
    del box["unit"]
    found = computed(box, plan_of=wanted)
    assert found["controllers"] == [{"id": "standby-box", "problems": [said]}]
    assert said in " ".join(text.render(found).split())
    assert found["ok"]
    assert not computed(box, plan_of=wanted, missing=("dns-key: it is not here",))["ok"]


def test_how_long_the_other_side_may_have_to_serve() -> None:
    assert seen.longest_s(plan()) == 10 * DAY
    assert seen.longest_s({"firm": {}}) == seen.LONGEST_S
