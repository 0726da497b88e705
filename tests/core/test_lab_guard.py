# SPDX-License-Identifier: Apache-2.0
"""The text of the lab's packet rules."""

from __future__ import annotations

from ipaddress import IPv4Network

from bascule_lab import addresses, guard

NETWORKS = [IPv4Network("10.96.2.0/24"), IPv4Network("10.96.1.0/24")]


def test_the_guard_covers_exactly_the_networks_of_its_lab() -> None:
    text = guard.host_table("atelier", NETWORKS)
    cable = addresses.uplink("atelier")
    assert f'ip daddr {{ 10.96.1.0/24, 10.96.2.0/24 }} oifname != {{ "{cable}", "lo" }} counter drop' in text
    assert text.count("10.96.") == 2 * 3
    assert f'iifname "{cable}" counter drop' in text


def test_the_guard_replaces_its_older_self_in_one_transaction() -> None:
    first, second = guard.host_table("atelier", NETWORKS).splitlines()[:2]
    name = addresses.table("atelier")
    assert (first, second) == (f"table inet {name} {{}}", f"delete table inet {name}")


def test_labs_have_guards_of_their_own() -> None:
    assert addresses.table("one") not in guard.host_table("two", NETWORKS)


def test_cuts_drop_the_ways_that_are_named_and_healing_drops_the_rules() -> None:
    assert guard.cuts([(NETWORKS[0], NETWORKS[1])]).splitlines() == [
        "flush chain inet lab cuts",
        "add rule inet lab cuts ip saddr 10.96.2.0/24 ip daddr 10.96.1.0/24 drop",
    ]
    assert guard.cuts([]) == "flush chain inet lab cuts\n"


def test_the_router_does_not_tell_that_a_machine_is_gone() -> None:
    assert "icmp type destination-unreachable icmp code host-unreachable drop" in guard.router_table()
