# SPDX-License-Identifier: Apache-2.0
"""What is built, from the plan: pure functions, asked without an engine."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

import pytest
from decided import ASKED, decide, situation
from plans import GIB, READINESS
from standby_aws.decisions import copies, doors

EVERY = [(readiness, what) for readiness in READINESS for what in ASKED]


@pytest.mark.parametrize(
    ("readiness", "what", "machines"),
    [
        ("cold", "protect", set()),
        ("pilot", "protect", {"db2", "files2"}),
        ("warm", "protect", {"db2", "app2", "files2"}),
        *((readiness, "activate", {"db2", "app2", "files2"}) for readiness in READINESS),
        *((readiness, "drill", {"db2", "app2", "files2"}) for readiness in READINESS),
    ],
)
def test_readiness_says_which_machines_run(readiness: str, what: str, machines: set[str]) -> None:
    assert set(decide(readiness, what).compute.machines) == machines


def kept(blueprint: Any, names: set[str]) -> dict[str, Any]:
    """What of a blueprint must not change with the phase: network, data, bucket, and the machines of ``names``."""
    return {
        "network": blueprint.network,
        "doors": {name: blueprint.doors[name] for name in blueprint.doors if name in ("inside", "link")},
        "key": blueprint.data.key,
        "volumes": {name: one for name, one in blueprint.data.volumes.items() if name in names},
        "copies": blueprint.copies,
        "machines": {name: one for name, one in blueprint.compute.machines.items() if name in names},
        "ages": blueprint.watch.ages,
        "budget": blueprint.watch.budget,
    }


@pytest.mark.parametrize("readiness", ["pilot", "warm"])
def test_a_change_of_phase_touches_nothing_that_stays(readiness: str) -> None:
    before, after = decide(readiness, "protect"), decide(readiness, "activate")
    names = set(before.compute.machines)
    assert kept(before, names) == kept(after, names)
    assert before.link == after.link


def test_a_cold_site_keeps_its_copies_and_key_through_an_activation() -> None:
    before, after = decide("cold", "protect"), decide("cold", "activate")
    assert before.data.key == after.data.key
    assert before.copies == after.copies
    assert before.data.volumes == {}
    assert set(after.data.volumes) == {"db2", "files2"}


@pytest.mark.parametrize(("readiness", "what"), EVERY)
def test_ssh_is_never_open_to_the_world(readiness: str, what: str) -> None:
    for group in decide(readiness, what).doors.values():
        for rule in group.ingress:
            if rule.port == doors.SSH or rule.protocol == "-1":
                assert ipaddress.ip_network(rule.cidr).prefixlen >= 16, rule


def openings(blueprint: Any, group: str) -> set[tuple[str, int | None, str]]:
    return {(rule.protocol, rule.port, rule.cidr) for rule in blueprint.doors[group].ingress}


def test_who_may_knock_where() -> None:
    built = decide("warm", "protect")
    assert openings(built, "inside") == {
        ("tcp", 22, "10.20.0.0/16"),
        ("tcp", 22, "10.98.255.0/28"),
        ("tcp", 22, "10.99.1.0/24"),
    }
    assert openings(built, "link") == {("udp", 51820, "0.0.0.0/0"), ("tcp", 22, "203.0.113.7/32")}
    assert openings(built, "on-app2") == {
        ("tcp", 8000, "10.20.0.0/16"),
        ("tcp", 8000, "10.98.255.0/28"),
        ("tcp", 8000, "10.99.1.0/24"),
    }
    assert built.compute.machines["files2"].groups == ("inside", "link", "on-files2")
    assert built.compute.machines["db2"].groups == ("inside", "on-db2")


def test_users_come_from_where_access_says() -> None:
    """By a public name: the application's port is no longer open to the office, that of replication still is."""
    public = {"kind": "public", "name": "erp.example.org", "certificate": "arn:c", "machine": "app2", "port": 8000}
    built = decide("warm", "protect", access=public)
    assert openings(built, "on-app2") == {("tcp", 8000, "10.20.0.0/16")}
    assert ("tcp", 5432, "10.99.1.0/24") in openings(built, "on-db2")
    assert doors.user_ports(situation("warm"), "db2") == ()
    assert doors.user_ports(situation("warm"), "app2") == (8000,)


def test_a_public_name_is_there_when_its_machine_is() -> None:
    public = {"kind": "public", "name": "erp.example.org", "certificate": "arn:c", "machine": "app2", "port": 8000}
    assert decide("pilot", "protect", access=public).access is None
    assert decide("pilot", "activate", access=public).access is not None
    assert decide("warm", "protect", access=public).access is not None
    assert decide("warm", "drill", access=public).access is None


def test_a_vpn_is_joined_only_in_an_activation() -> None:
    vpn = {"kind": "vpn", "network": "10.97.0.0/22", "certificate": "arn:c"}
    assert decide("pilot", "protect", access=vpn).access.joined is False  # type: ignore[union-attr]
    assert decide("pilot", "activate", access=vpn).access.joined is True  # type: ignore[union-attr]


def test_without_a_link_administrators_reach_every_machine_and_nobody_forwards() -> None:
    built = decide("warm", "protect", link=None)
    assert ("tcp", 22, "203.0.113.7/32") in openings(built, "inside")
    assert "link" not in built.doors
    assert built.link is None
    assert not any(one.door for one in built.compute.machines.values())


def test_the_link_is_where_its_machine_is() -> None:
    assert decide("cold", "protect").link is None
    link = decide("pilot", "protect").link
    assert link is not None
    assert (link.machine, link.port, link.beyond) == ("files2", 51820, ("10.98.255.0/28", "10.99.1.0/24"))


def test_a_drill_is_alone() -> None:
    """No link, no names, no alarms, no key, no bucket, nothing protected, and no mail gets out."""
    drill = decide("warm", "drill")
    assert drill.link is not None
    assert (drill.link.port, drill.link.beyond) == (None, ())
    assert openings(drill, "link") == {("tcp", 22, "203.0.113.7/32")}
    assert {rule.cidr for group in drill.doors.values() for rule in group.ingress} == {"10.20.0.0/16", "203.0.113.7/32"}
    assert (drill.switch, drill.watch, drill.access, drill.copies, drill.data.key) == (None, None, None, None, None)
    assert not any(volume.protected for volume in drill.data.volumes.values())
    out = {(rule.protocol, rule.port, rule.cidr) for rule in drill.doors["inside"].egress}
    assert out == {("-1", None, "10.20.0.0/16"), ("tcp", 80, "0.0.0.0/0"), ("tcp", 443, "0.0.0.0/0")}


def test_what_holds_copies_is_protected() -> None:
    built = decide("pilot", "activate")
    assert built.data.protected
    assert built.copies is not None
    assert built.copies.protected
    assert {name: volume.protected for name, volume in built.data.volumes.items()} == {"db2": True, "files2": True}
    # Of a cold site, volumes come and go with an activation.
    assert not any(volume.protected for volume in decide("cold", "activate").data.volumes.values())


def test_data_have_a_volume_of_their_own_and_the_disk_of_the_policy() -> None:
    built = decide("pilot", "activate")
    assert {name: volume.size_gib for name, volume in built.data.volumes.items()} == {"db2": 40, "files2": 160}
    assert {name: one.root_gib for name, one in built.compute.machines.items()} == {"db2": 16, "app2": 20, "files2": 16}
    assert built.data.volumes["db2"].folders == ("/var/lib/bascule", "/var/lib/postgresql")
    # /srv/documents is on the volume as it is.
    assert built.data.volumes["files2"].folders == ("/var/lib/bascule",)


def marks(value: Any) -> list[Any]:
    """All marks in a blueprint."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if type(value).__name__ == "Mark":
            return [value]
        return [found for field in dataclasses.fields(value) for found in marks(getattr(value, field.name))]
    if isinstance(value, dict):
        return [found for one in value.values() for found in marks(one)]
    return [found for one in value for found in marks(one)] if isinstance(value, tuple) else []


@pytest.mark.parametrize(("readiness", "what"), EVERY)
def test_everything_says_whose_it_is(readiness: str, what: str) -> None:
    found = marks(decide(readiness, what))
    assert len(found) > 10
    for mark in found:
        tags = mark.tags
        assert tags["bascule:policy"] == "atelier"
        assert tags["bascule:plan"] == "0123456789ab"
        assert tags["bascule:phase"] in ("protect", "activate")
        assert tags["cost-centre"] == "it"
        assert (tags.get("bascule:drill"), tags.get("bascule:expires")) == (
            ("june", "2027-01-31") if what == "drill" else (None, None)
        )
        assert mark.name.startswith("bascule-atelier-june-" if what == "drill" else "bascule-atelier-")
    machines = decide(readiness, what).compute.machines
    assert {name: one.mark.tags["bascule:machine"] for name, one in machines.items()} == {
        name: name for name in machines
    }


def test_names_lead_to_the_primary_at_first() -> None:
    switch = decide("pilot", "protect").switch
    assert switch is not None
    assert (switch.zone, switch.id, switch.ttl_s) == ("atelier.test", None, 60)
    assert {one.fqdn: one.address for one in switch.records.values()} == {
        "erp.atelier.test": "10.99.1.12",
        "docs.atelier.test": "10.99.1.13",
    }
    assert {name: one.machine for name, one in switch.records.items()} == {"erp": None, "docs": "files2"}


def test_copies_that_grow_old_are_told_of() -> None:
    ages = {age.system: age for age in decide("pilot", "protect").watch.ages}  # type: ignore[union-attr]
    assert ages["documents"].limit_s == 3 * 600
    assert ages["documents"].machine == "files2"
    # Its machine is not there; copies go to the bucket, and who writes them says how old they are.
    assert ages["website-db"].machine is None
    assert (ages["documents"].periods, ages["website-db"].periods) == (1, 3)
    nowhere = decide("pilot", "protect", copies=None).watch
    assert nowhere is not None
    assert {age.system for age in nowhere.ages} == {"erp-db", "documents"}


def test_the_budget_is_watched_in_dollars() -> None:
    budget = decide("pilot", "protect").watch.budget  # type: ignore[union-attr]
    assert budget is not None
    assert budget.dollars > 120
    assert budget.tag == "user:bascule:policy$atelier"
    unknown = decide("pilot", "protect", budget={"amount": 100, "currency": "XAF"})
    assert unknown.watch is not None
    assert unknown.watch.budget is None
    assert "XAF" in unknown.notes[0]


def allowed(document: Any) -> set[str]:
    return {action for one in document["Statement"] if one["Effect"] == "Allow" for action in one["Action"]}


def test_writers_add_and_read_and_delete_only_locks() -> None:
    document = copies.writer_may("arn:aws:s3:::b", "arn:k")
    deletions = [one for one in document["Statement"] if "s3:DeleteObject" in one["Action"]]
    assert [one["Resource"] for one in deletions] == [["arn:aws:s3:::b/copies/restic-*/locks/*"]]
    assert not allowed(document) & {"s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:*", "*"}
    refused = {action for one in document["Statement"] if one["Effect"] == "Deny" for action in one["Action"]}
    assert "s3:DeleteObjectVersion" in refused


def test_machines_of_a_drill_read_and_never_write() -> None:
    drill = situation("warm", "drill", asked={"copies": "a-bucket"})
    document = copies.machines_may(drill)
    assert document is not None
    assert not any(action.startswith(("s3:Put", "s3:Delete", "kms:Generate")) for action in allowed(document))
    assert copies.machines_may(situation("warm", "drill")) is None


def test_the_range_of_the_plan_is_the_range_that_is_built() -> None:
    built = decide("pilot", "protect", network="10.21")
    assert built.network.cidr == "10.21.0.0/16"
    assert built.network.subnets["a"].cidr == "10.21.0.0/20"
    assert built.compute.machines["db2"].address == "10.21.0.11"
    assert built.data == decide("pilot", "protect").data
    assert built.data.volumes["db2"].size_gib * GIB == 40 * GIB
