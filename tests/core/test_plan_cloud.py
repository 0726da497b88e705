# SPDX-License-Identifier: Apache-2.0
"""What the planner decides of a site that is built: addresses, phases, disks, ports, ways in, and what it takes."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import jsonschema
import pytest

from bascule.language import load, load_text
from bascule.plan import Plan, from_json, to_json
from bascule.plan_cloud import Cloud, SecretRef, Writer
from bascule.planner import make_plan
from bascule.providers import addressed
from bascule.providers.aws_network import addresses, kept, room, subnets
from bascule.providers.aws_tables import IMAGES, REGIONS, SIZES, TYPES, zones
from bascule.resources import resource

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "atelier" / "policy-aws.yml"
PUBLIC = ROOT / "tests" / "policies" / "valid" / "cloud-public.yml"
VPN = ROOT / "tests" / "policies" / "valid" / "cloud.yml"
BUILT = ["guard", "build"]


def plan_of(*changes: tuple[str, str], policy: Path = SAMPLE) -> Plan:
    """The plan of a policy after these changes of its text."""
    text = policy.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    return make_plan(load_text(text))


def cloud_of(plan: Plan) -> Cloud:
    """What is built for the standby."""
    cloud = plan.sites["standby"].cloud
    assert cloud
    return cloud


def early(plan: Plan) -> set[str]:
    """The machines that are there before a disaster."""
    machines = cloud_of(plan).machines.items()
    assert all(machine.runs_in in (("protect", "activate"), ("activate",)) for _, machine in machines)
    return {name for name, machine in machines if "protect" in machine.runs_in}


def test_the_address_that_is_given_is_that_of_the_machine_everywhere() -> None:
    plan = plan_of()
    given = {name: machine.address for name, machine in cloud_of(plan).machines.items()}
    # Written for files2, so that it is left out when the others are given theirs in turn.
    assert given == {"db2": "10.20.0.11", "app2": "10.20.0.12", "web2": "10.20.0.14", "files2": "10.20.0.13"}
    assert {name: plan.machines[name].address for name in given} == given
    assert {plan.systems[system].addresses["standby"] for system in ("erp", "erp-db")} == {"10.20.0.11", "10.20.0.12"}
    assert plan.groups["orders"].names[0].addresses == {"primary": "10.99.1.12", "standby": "10.20.0.12"}


def test_policies_whose_machines_exist_are_not_touched() -> None:
    written = load(ROOT / "examples" / "atelier" / "policy.yml")
    assert addressed(written) is written
    assert {site.cloud for site in make_plan(written).sites.values()} == {None}


@pytest.mark.parametrize("prefix", range(16, 28))
def test_every_network_has_two_parts_and_room(prefix: int) -> None:
    network = IPv4Network(f"10.20.0.0/{prefix}")
    first, second = subnets(network).values()
    assert not first.overlaps(second)
    assert first.subnet_of(network)
    assert second.subnet_of(network)
    # AWS makes nothing smaller.
    assert first.prefixlen <= 28
    count = min(room(first), 300)
    given = addresses(network, dict.fromkeys((f"m{i}" for i in range(count)), None))
    assert len(set(given.values())) == count
    assert all(IPv4Address(one) in first and not kept(first, IPv4Address(one)) for one in given.values())
    assert given["m0"] == str(first.network_address + 11)


def test_a_network_that_is_full_has_no_more() -> None:
    network = IPv4Network("10.20.0.0/27")
    with pytest.raises(StopIteration):
        addresses(network, dict.fromkeys((f"m{i}" for i in range(room(subnets(network)["a"]) + 1)), None))


def test_the_sixteen_of_the_design() -> None:
    cloud = cloud_of(plan_of())
    assert {name: (part.zone, part.network) for name, part in cloud.subnets.items()} == {
        "a": ("eu-west-3a", "10.20.0.0/20"),
        "b": ("eu-west-3b", "10.20.16.0/20"),
    }
    assert zones("ap-northeast-1") == ("ap-northeast-1a", "ap-northeast-1c")
    assert cloud_of(plan_of(policy=PUBLIC)).machines["bench2"].subnet == "b"


ALL = {"db2", "app2", "web2", "files2"}


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ([("readiness: pilot\n", "readiness: warm\n")], ALL),
        ([("    readiness: pilot\n", "")], ALL),
        ([], ALL - {"app2"}),
        ([("app2: {size: small,", "app2: {size: small, readiness: warm,")], ALL),
    ],
)
def test_what_is_there_before_a_disaster(changes: list[tuple[str, str]], there: set[str]) -> None:
    plan = plan_of(*changes)
    assert early(plan) == there
    # What is built late costs time, and says so, once for all and once for each of its systems.
    parts = [part.name for part in plan.activities["orders"].predicted.rto.parts]
    assert (parts[:2] == BUILT) == bool(ALL - there)
    assert ("erp: prepare" in parts) == ("app2" not in there)
    assert {part.source for part in plan.systems["erp"].predicted.rto.parts} == {"default"}


def test_copies_of_what_is_cold_are_in_the_bucket() -> None:
    cold, partly = plan_of(policy=VPN), plan_of(policy=PUBLIC)
    assert early(cold) == set()
    assert early(partly) == {"gate2", "mill2", "bench2"}
    (pages,) = cold.systems["pages"].protections
    assert (pages["place"], pages["repository"]) == ("bucket", "copies/restic-pages")
    copies = cloud_of(cold).copies
    assert copies is not None
    assert copies.writer == Writer(SecretRef("writer-id"), SecretRef("writer-key"))
    places = {name: {entry.get("place") for entry in one.protections} for name, one in partly.systems.items()}
    assert places == {"shop-db": {None, "machine"}, "stock-db": {"machine"}, "shop": set(), "archive": {"bucket"}}
    # From a bucket it takes longer, and it is not a place from which a third one fetches.
    warm = plan_of(("readiness: cold", "readiness: warm"), policy=PUBLIC)
    restores = [
        next(part.seconds for part in one.systems["archive"].predicted.rto.parts if part.name == "restore")
        for one in (partly, warm)
    ]
    assert restores[0] > restores[1] > 0
    third = ("observers: {outside: {}}", "observers: {outside: {}}\ncopies: {outside: {}}")
    assert plan_of(third, policy=VPN).systems["pages"].third is None


def test_data_are_where_copies_are_and_where_the_link_ends() -> None:
    plan = plan_of(("through: files2", "through: app2"))
    assert {name for name, machine in cloud_of(plan).machines.items() if machine.data} == ALL
    assert early(plan) == ALL


def test_a_machine_that_is_built_late_takes_longer() -> None:
    pilot, warm = plan_of(), plan_of(("readiness: pilot\n", "readiness: warm\n"))
    late, early_ = (plan.activities["orders"].predicted.rto.seconds for plan in (pilot, warm))
    assert late - early_ == pytest.approx(300)


def test_disks_hold_twice_what_the_systems_do() -> None:
    gib = {name: machine.disk_bytes / 2**30 for name, machine in cloud_of(plan_of(policy=PUBLIC)).machines.items()}
    assert gib == {"gate2": 20, "mill2": 20, "shop2": 20, "archive2": 220, "bench2": 20}
    # 4 TB are no whole number of GiB, and AWS makes no other.
    assert cloud_of(plan_of(policy=VPN)).machines["new"].disk_bytes == 3726 * 2**30


def test_ports_are_those_of_the_systems() -> None:
    ports = {name: machine.ports for name, machine in cloud_of(plan_of()).machines.items()}
    assert ports == {"db2": (5432,), "app2": (8000,), "web2": (80, 5432), "files2": (80,)}
    # Two clusters of one machine.
    assert cloud_of(plan_of(policy=PUBLIC)).machines["mill2"].ports == (5432, 5433)


def test_the_link_carries_the_primary() -> None:
    link = cloud_of(plan_of()).link
    assert link
    assert (link.address, [peer.address for peer in link.peers.values()]) == (
        "10.98.255.1",
        ["10.98.255.2", "10.98.255.3"],
    )
    assert {name: (peer.at, peer.carries) for name, peer in link.peers.items()} == {
        "files1": ("primary", ("10.99.1.0/24",)),
        "outside": ("third", ()),
    }
    # A primary without a network: its machines one by one.
    other = cloud_of(plan_of(policy=PUBLIC)).link
    assert other
    assert other.peers["gate1"].carries == ("192.168.1.11/32", "192.168.1.1/32")


def test_ways_in() -> None:
    assert cloud_of(plan_of()).access == {"kind": "link"}
    assert cloud_of(plan_of(("    access: {by: link}\n", ""))).access == {"kind": "link"}
    public = cloud_of(plan_of(policy=PUBLIC)).access or {}
    assert (public["kind"], public["machine"], public["port"]) == ("public", "shop2", 8080)
    assert (cloud_of(plan_of(policy=VPN)).access or {})["kind"] == "vpn"


def test_route53_is_a_switch_with_a_zone() -> None:
    plan = plan_of(policy=PUBLIC)
    assert plan.switch == {"kind": "route53", "zone": "mill.example", "zone_id": "Z0123456789ABCDEFGHIJ", "ttl_s": 30}
    zone = cloud_of(plan).zone
    assert zone
    assert (zone.id, zone.names) == ("Z0123456789ABCDEFGHIJ", {"shop": "shop.mill.example"})
    parts = {part.name: part for part in plan.activities["grind"].predicted.rto.parts}
    assert (parts["switch: update"].seconds, parts["switch: ttl"].source) == (60, "declared")
    assert cloud_of(plan_of()).zone is None


def test_what_nobody_wrote() -> None:
    changes = [
        (f"    {line}", "")
        for line in (
            "copies: {keep: 30d}            # a bucket for copies that nobody can delete early\n",
            "tags: {cost-centre: it}\n",
            "budget: 120                    # a month\n",
            "admin: [203.0.113.7/32]        # from where SSH to the public address is allowed until the link is up\n",
            "  url: file://~/.bascule/state   # s3://atelier-state?region=eu-west-3\n",
        )
    ]
    cloud = cloud_of(plan_of(*changes, ("image: debian-12, disk: 40GiB", "disk: 40GiB")))
    assert (cloud.copies, cloud.tags, cloud.budget, cloud.admin) == (None, {}, None, ())
    assert cloud.state.url == "file://~/.bascule/state"
    assert cloud.machines["db2"].image == IMAGES["debian-12"]


@pytest.mark.parametrize("policy", [SAMPLE, PUBLIC, VPN], ids=lambda path: path.stem)
def test_the_part_that_is_built_is_total(policy: Path) -> None:
    data = json.loads(json.dumps(to_json(make_plan(load(policy)))))
    jsonschema.validate(data, json.loads(resource("schemas", "plan", "v1.schema.json").read_text()))
    assert to_json(from_json(data)) == data
    # A key that is missing is one that a backend would have to decide.
    del data["sites"]["standby"]["cloud"]["access"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, json.loads(resource("schemas", "plan", "v1.schema.json").read_text()))


def test_a_plan_without_the_key_has_no_cloud() -> None:
    data = to_json(make_plan(load(ROOT / "tests" / "golden" / "small" / "policy.yml")))
    for site in data["sites"].values():
        assert site.pop("cloud") is None
    assert {site.cloud for site in from_json(data).sites.values()} == {None}


def test_the_price_of_every_type_is_known() -> None:
    prices = json.loads(resource("stacks", "aws_standby", "pack", "prices.json").read_text(encoding="utf-8"))
    assert set(prices["dollars_an_hour"]) == TYPES
    assert set(SIZES.values()) <= TYPES
    assert set(prices["factor_of_region"]) <= REGIONS
