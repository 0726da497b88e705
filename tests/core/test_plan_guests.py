# SPDX-License-Identifier: Apache-2.0
"""Virtual machines in a plan: what runs inside, in what order, with how much, and what their hosts owe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bascule import hosting
from bascule.analysis.deadlines import deadlines
from bascule.analysis.firm import model_of
from bascule.language import load_source, load_text
from bascule.ordering import shape_of
from bascule.plan import Plan
from bascule.planner import make_plan
from bascule.source import read
from bascule_runtime import hosts
from bascule_runtime.text import labels

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "tests" / "policies" / "valid" / "guests.yml"
TEXT = POLICY.read_text(encoding="utf-8")


def plan(*changes: tuple[str, str]) -> Plan:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return make_plan(load_text(text))


def test_what_runs_inside_stands_where_its_guest_does() -> None:
    till = plan().systems["till"]
    assert (till.type, till.protections, dict(till.machines)) == ("vm", (), {"primary": "host1", "standby": "host2"})
    assert dict(till.addresses) == {"primary": "10.93.1.21", "standby": "10.93.2.21"}
    assert (till.settings["within"], till.settings["answers"]["port"]) == ("till-vm", 8080)
    assert till.predicted.rpo.seconds == 0, "its data are those of the guest"
    assert plan().activities["sell"].predicted.rpo.by == "image"


def test_names_lead_to_the_guest_and_not_to_its_host() -> None:
    (name,) = plan().groups["sell"].names
    assert dict(name.addresses) == {"primary": "10.93.1.21", "standby": "10.93.2.21"}


def test_guest_comes_after_what_runs_inside_it_needs() -> None:
    policy = load_source(read(ROOT / "examples" / "atelier-vm" / "policy.yml"))
    after = shape_of(policy).after
    assert after["erp-vm"] == ("directory",)
    assert set(after["erp"]) == {"directory", "erp-vm"}
    units = [unit.id for unit in make_plan(policy).units if unit.kind == "system"]
    assert units.index("system.directory") < units.index("system.erp-vm") < units.index("system.erp")


def test_each_side_has_the_words_of_the_other() -> None:
    mapping = plan().systems["till-vm"].settings["mapping"]
    assert mapping["standby"]["primary"]["networks"] == {"br0": "br1"}
    assert mapping["primary"]["standby"]["networks"] == {"br1": "br0"}
    assert mapping["primary"]["primary"]["networks"] == {"br0": "br0"}


@pytest.mark.parametrize(
    ("memory", "level", "till_bytes", "shop_bytes"),
    [("16GiB", "full", 4 << 30, 4 << 30), ("6GiB", "minimum", 4 << 30, 2 << 30)],
)
def test_guests_start_with_their_minimum_where_not_all_have_room(
    memory: str, level: str, till_bytes: int, shop_bytes: int
) -> None:
    made = plan(
        ("    address: 10.93.1.22\n", "    address: 10.93.1.22\n    minimum: {memory: 2GiB, vcpus: 1}\n"),
        ("16GiB, disk: 500GB, networks: {shop: br1}", f"{memory}, disk: 500GB, networks: {{shop: br1}}"),
    )
    levels = {name: made.systems[name].settings["levels"] for name in ("till-vm", "shop-vm")}
    assert levels["till-vm"]["primary"]["level"] == "full"
    assert {one["standby"]["level"] for one in levels.values()} == {level}
    assert levels["till-vm"]["standby"]["memory_bytes"] == till_bytes
    assert levels["shop-vm"]["standby"]["memory_bytes"] == shop_bytes


def test_address_that_is_kept_is_the_same_at_both_sides() -> None:
    shop = plan().systems["shop-vm"]
    assert dict(shop.addresses) == {"primary": "10.93.1.22", "standby": "10.93.1.22"}
    assert shop.settings["keeps_address"] is True


def test_ready_image_is_quicker_and_takes_its_room_twice() -> None:
    plain, ready = plan(), plan(("    size: 40GiB\n", "    size: 40GiB\n    ready: true\n"))
    seconds = [made.systems["till-vm"].predicted.rto.seconds for made in (plain, ready)]
    assert seconds[1] < 60 < seconds[0]
    disks = [made.systems["till-vm"].settings["hosts"]["standby"]["promised"]["full"]["disk_bytes"]
             for made in (plain, ready)]  # fmt: skip
    assert disks[1] - disks[0] == 40 << 30


def test_host_has_the_deadline_of_its_most_urgent_guest() -> None:
    imposed = plan().systems["shop-vm"].settings["hosts"]["standby"]["imposed"]
    assert imposed == {"rto_s": 7200, "rpo_s": 1800, "activity": "sell", "guest": "till-vm"}
    policy = load_source(read(POLICY))
    assert hosting.imposed(policy, [policy.systems["shop-vm"]]) is None


def test_deadlines_reach_the_host_through_the_guest() -> None:
    policy = load_source(read(POLICY))
    found = deadlines(model_of(policy).graph)
    chain = found["machine:host2"].chain
    assert chain[0] == "activity:sell@standby"
    assert "system:till-vm@standby" in chain


class Run:
    """A run as the report has it."""

    def __init__(self, made: Plan) -> None:
        from bascule.plan import to_json

        self.plan = to_json(made)

    def scope(self, kind: str) -> list[str]:
        return list(self.plan[f"{kind}s"])


def test_report_says_who_imposes_what_and_how_full_a_host_would_be() -> None:
    run: Any = Run(plan(("    address: 10.93.1.22\n", "    address: 10.93.1.22\n    minimum: {memory: 2GiB}\n")))
    owed = hosts.owed(run)
    assert [entry["machine"] for entry in owed] == ["host1", "host2"]
    text = "\n".join(hosts.part({"hosts": owed}, labels("en"), "en"))
    assert "host2: deadline imposed by sell (2 h, till-vm); memory taken 50% (at the minimum: 38%), disks" in " ".join(
        text.split()
    )


def test_report_of_a_firm_without_hosts_says_nothing() -> None:
    run: Any = Run(make_plan(load_source(read(ROOT / "tests" / "policies" / "valid" / "atelier.yml"))))
    assert hosts.owed(run) == []
