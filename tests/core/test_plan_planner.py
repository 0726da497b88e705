# SPDX-License-Identifier: Apache-2.0
"""Policy to Plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bascule import assumptions, protections, providers, switches, systems
from bascule.emit.checks import checks
from bascule.language import load, load_text
from bascule.plan import Plan, from_json, to_json
from bascule.planner import make_plan
from bascule.protections.streaming import KIND as STREAMING
from bascule.registry import UnknownKind
from bascule.resources import resource
from bascule_runtime.workers import MOST, in_turn

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "golden" / "small" / "policy.yml"
SAMPLES = [
    SMALL,
    *sorted(ROOT.glob("examples/*/policy*.yml")),
    *sorted(ROOT.glob("tests/lab/policies/*/policy.yml")),
    *sorted(ROOT.glob("tests/policies/valid/*.yml")),
]


def name_of(policy: Path) -> str:
    """How a sample is called in the names of tests."""
    return f"{policy.parent.name}-{policy.stem}"


def changed(**parts: Any) -> Plan:
    """Return the plan of the small policy, with whole parts of it replaced."""
    written = yaml.load(SMALL.read_text(), Loader=yaml.BaseLoader)
    numbers = {"port": int, "expect": int, "per_year": float}
    text = json.dumps({**written, **parts})
    data = json.loads(
        text, object_hook=lambda node: {key: numbers.get(key, lambda x: x)(value) for key, value in node.items()}
    )
    return make_plan(load_text(json.dumps(data)))


def small() -> dict[str, Any]:
    data: dict[str, Any] = yaml.load(SMALL.read_text(), Loader=yaml.BaseLoader)
    return data


@pytest.mark.parametrize("policy", SAMPLES, ids=name_of)
def test_the_plan_obeys_its_schema_and_comes_back_the_same(policy: Path) -> None:
    plan = make_plan(load(policy))
    data = json.loads(json.dumps(to_json(plan)))
    jsonschema.validate(data, json.loads(resource("schemas", "plan", "v1.schema.json").read_text()))
    jsonschema.validate(
        json.loads(json.dumps(checks(plan))), json.loads(resource("schemas", "checks", "v1.schema.json").read_text())
    )
    assert to_json(from_json(data)) == data


def test_ansible_begins_with_units_that_wait_for_nobody() -> None:
    units = {"a": [], "b": ["a"], "c": ["b", "a"], "d": [], "e": ["d"]}
    assert in_turn(units) == ["a", "d", "b", "e", "c"]
    # With fewer workers than units, nobody may wait for a unit that has no worker.
    many = {**units, **{str(number): [] for number in range(MOST - len(units))}}
    assert in_turn(many) != list(many)
    more = {**many, "more": []}
    assert in_turn(more) == list(more)


@pytest.mark.parametrize("policy", SAMPLES, ids=name_of)
def test_units_can_be_done_one_after_the_other(policy: Path) -> None:
    plan = make_plan(load(policy))
    done: set[str] = set()
    for unit in plan.units:
        assert done.issuperset(unit.after), unit
        assert unit.id == f"{unit.kind}.{unit.subject}"
        done.add(unit.id)
    assert len(done) == len(plan.units) == len(plan.systems) + len(plan.groups) + len(plan.activities)


def test_activities_that_share_systems_move_together() -> None:
    plan = changed()
    assert {name: group.activities for name, group in plan.groups.items()} == {
        "sell": ("sell", "order-flour"),
        "recipes": ("recipes",),
    }
    assert plan.groups["sell"].systems == ("till-db", "till")
    assert plan.activities["order-flour"].group == plan.systems["till-db"].group == "sell"
    assert plan.activities["sell"].uses == ("till",)


def test_one_moment_joins_groups_and_shares_the_larger_loss() -> None:
    data = small()["systems"]
    data["papers"]["consistent_with"] = ["till-db"]
    plan = changed(systems=data)
    assert list(plan.groups) == ["sell"]
    assert plan.systems["till-db"].predicted.rpo.by == plan.systems["papers"].predicted.rpo.by == "restic"
    assert next(unit for unit in plan.units if unit.subject == "papers").after == ("system.till-db",)


def test_predictions_say_where_they_come_from() -> None:
    activity = changed().activities["sell"]
    parts = activity.predicted.rto.parts
    assert activity.predicted.rto.seconds == sum(part.seconds for part in parts)
    assert [part.name for part in parts][:3] == ["guard", "till-db: steps", "till-db: promote"]
    assert {part.source for part in parts} == {"default", "declared"}
    assert (activity.predicted.rpo.seconds, activity.predicted.rpo.by) == (
        assumptions.SECONDS["streaming_lag"],
        "streaming",
    )


def test_a_larger_system_takes_longer() -> None:
    data = small()["systems"]
    data["papers"] |= {"size": "1GiB"}
    one = changed(systems=data).activities["recipes"].predicted.rto.seconds
    data["papers"] |= {"size": "100GiB"}
    assert changed(systems=data).activities["recipes"].predicted.rto.seconds - one == pytest.approx(
        99 * 2**30 / 50e6, abs=0.2
    )


def test_a_service_that_keeps_nothing_loses_nothing() -> None:
    loss = changed().systems["till"].predicted.rpo
    assert (loss.seconds, loss.by) == (0, None)


def test_service_settings_are_total() -> None:
    assert changed().systems["till"].settings == {
        "units": ["till.service"],
        "role": None,
        "state": [],
        "answers": {"kind": "http", "path": "/", "expect": 200, "port": 80},
        "packages": [],
        "configuration": [],
        "certificates": [],
    }


def test_slots_of_long_names_stay_apart() -> None:
    policy = load(SMALL)
    names = ["a" * 60 + "-x", "a" * 60 + "-y"]
    template = policy.systems["till-db"]
    slots = {
        STREAMING.entry("p", type(template)(**{**template.__dict__, "id": name}), template.protect[0])["slot"]
        for name in names
    }
    assert len(slots) == 2
    assert all(len(slot) <= 63 for slot in slots)


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="compile the policy again"):
        from_json({"schema": "bascule/plan/v0"})


@pytest.mark.parametrize(
    ("table", "find"),
    [
        (systems.TYPES, systems.system_type),
        (protections.KINDS, protections.protection),
        (switches.KINDS, switches.switch),
        (providers.KINDS, providers.provider),
    ],
)
def test_registries(table: dict[str, str], find: Any) -> None:
    for name, where in table.items():
        assert where.partition(":")[0].rpartition(".")[2] == name.replace("-", "_")
        assert find(name)
    with pytest.raises(UnknownKind, match="in this version; there is"):
        find("nothing-of-the-kind")


@pytest.mark.parametrize("policy", sorted((ROOT / "tests" / "plans" / "v1").glob("*.json")), ids=lambda path: path.stem)
def test_stored_plans_stay_loadable(policy: Path) -> None:
    data = json.loads(policy.read_text())
    jsonschema.validate(data, json.loads(resource("schemas", "plan", "v1.schema.json").read_text()))
    assert from_json(data).units


def test_the_third_place_fetches_what_has_a_repository() -> None:
    data = small()
    data["sites"]["third"] = {"provider": "hosts", "machines": {"far": {"address": "10.94.3.61"}}}
    plan = changed(sites=data["sites"], copies={"far": {"every": "10m", "keep": "60d"}})
    third = {name: system.third for name, system in plan.systems.items() if system.third}
    assert set(third) == {"till-db", "papers"}
    papers = third["papers"]
    repository = next(p["repository"] for p in plan.systems["papers"].protections if "repository" in p)
    assert (papers.machine, papers.address, papers.by) == ("far", "10.94.3.61", "restic")
    assert (papers.repository, papers.every_s, papers.keep_s) == (repository, 600, 60 * 86400)
    assert papers.folder == f"/var/lib/bascule-copies/{plan.policy.id}/papers"
    # What the standby lacks when the primary is lost, and what arrived there since the third place looked.
    assert papers.rpo_s == plan.systems["papers"].predicted.rpo.seconds + 600 + assumptions.SECONDS["push"]


def test_without_a_third_place_nothing_is_fetched() -> None:
    assert {system.third for system in changed().systems.values()} == {None}
