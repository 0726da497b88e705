# SPDX-License-Identifier: Apache-2.0
"""Networks and names of a lab, planned without touching anything."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from bascule_lab import addresses
from bascule_lab.errors import CANNOT, USAGE, LabError

LONGEST_INTERFACE = 15


def test_a_site_without_a_network_gets_the_24_around_its_machines() -> None:
    found = addresses.site_networks({"third": [IPv4Address("10.96.3.60"), IPv4Address("10.96.3.53")]}, {})
    assert found == {"third": IPv4Network("10.96.3.0/24")}


def test_a_site_whose_machines_lie_in_two_24s_gets_the_wider_network() -> None:
    found = addresses.site_networks({"a": [IPv4Address("10.96.2.1"), IPv4Address("10.96.3.1")]}, {})
    assert found == {"a": IPv4Network("10.96.2.0/23")}


@pytest.mark.parametrize(
    ("sites", "given", "says"),
    [
        ({"a": [IPv4Address("10.0.0.1"), IPv4Address("192.168.0.1")]}, {}, "far apart"),
        ({"a": [IPv4Address("10.96.1.1")]}, {"a": "10.96.2.0/24"}, "outside its network"),
        ({"a": [IPv4Address("10.96.1.1")], "b": [IPv4Address("10.96.1.2")]}, {}, "share the network"),
        ({"a": []}, {"a": "10.96.1.7/24"}, "not one such as"),
        ({"a": []}, {"a": "fd00::/64"}, "not one such as"),
        ({"a": []}, {"a": "10.96.1.0/31"}, "not one such as"),
    ],
)
def test_networks_that_a_lab_cannot_have(sites: dict[str, list[IPv4Address]], given: dict[str, str], says: str) -> None:
    with pytest.raises(LabError, match=says) as caught:
        addresses.site_networks(sites, given)
    assert caught.value.code == USAGE


def test_the_router_takes_the_first_address_that_no_machine_has() -> None:
    network = IPv4Network("10.96.1.0/24")
    assert addresses.gateway(network, []) == IPv4Address("10.96.1.1")
    assert addresses.gateway(network, [IPv4Address("10.96.1.1")]) == IPv4Address("10.96.1.2")
    with pytest.raises(LabError, match="no address left"):
        addresses.gateway(IPv4Network("10.96.1.0/30"), IPv4Network("10.96.1.0/30").hosts())


def test_interface_names_fit_and_differ() -> None:
    lab = "a-very-long-policy-identifier-of-some-firm"
    names = [
        addresses.uplink(lab),
        *(addresses.bridge(IPv4Network(f"10.96.{third}.0/24")) for third in range(3)),
        *(addresses.port(IPv4Address(f"10.96.1.{last}")) for last in range(3)),
    ]
    assert len(set(names)) == len(names)
    assert all(len(name) <= LONGEST_INTERFACE for name in names)


def test_labs_do_not_share_names() -> None:
    for name in (addresses.uplink, addresses.fabric, addresses.table):
        assert name("atelier") != name("atelier-2")
    assert addresses.container("a", "b-c") != addresses.container("a-b", "c")
    assert addresses.namespace("a", "b-c") != addresses.namespace("a-b", "c")


def test_moving_keeps_the_host_number() -> None:
    old, new = IPv4Network("192.168.1.0/24"), IPv4Network("10.96.7.0/24")
    assert addresses.moved(IPv4Address("192.168.1.11"), old, new) == IPv4Address("10.96.7.11")
    with pytest.raises(LabError, match="wider network"):
        addresses.moved(IPv4Address("192.168.1.200"), old, IPv4Network("10.96.7.0/28"))


def test_rewriting_touches_whole_addresses_only() -> None:
    text = "address: 10.9.1.1, other: 10.9.1.11, network: 10.9.1.0/24, version: 110.9.1.1, http://10.9.1.1:80/"
    moves = {IPv4Address("10.9.1.1"): IPv4Address("10.96.1.1")}
    networks = {IPv4Network("10.9.1.0/24"): IPv4Network("10.96.1.0/24")}
    assert addresses.rewritten(text, moves, networks) == (
        "address: 10.96.1.1, other: 10.9.1.11, network: 10.96.1.0/24, version: 110.9.1.1, http://10.96.1.1:80/"
    )


def test_a_network_of_this_computer_is_refused_with_the_way_out() -> None:
    used = {"interface eth0, route 10.96.0.0/16": IPv4Network("10.96.0.0/16")}
    with pytest.raises(LabError, match=r"interface eth0.*lab\.yml.*addresses: \{primary:") as caught:
        addresses.refuse_overlap({"primary": IPv4Network("10.96.1.0/24")}, used)
    assert caught.value.code == CANNOT
    addresses.refuse_overlap({"primary": IPv4Network("10.97.1.0/24")}, used)
