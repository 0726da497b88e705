# SPDX-License-Identifier: Apache-2.0
"""Addresses and networks as the policy has them, and as `lab.yml` moves them."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from bascule_lab import cloud
from bascule_lab.addresses import moved, site_networks
from bascule_lab.errors import USAGE, LabError
from bascule_lab.state import State

DNS_SITE = "name-server"


def machine_addresses(policy: dict[str, Any], path: Path, state: State) -> dict[str, dict[str, IPv4Address]]:
    """Site -> machine -> address as the policy at `path` says; where machines are built, the plan may say it.

    Raises LabError (2) for a machine without an address.
    """
    if not isinstance(policy.get("sites"), dict) or not isinstance(policy.get("organisation"), dict):
        raise LabError("The policy needs `organisation:` and `sites:`; `bascule check` says what is missing.", USAGE)
    found: dict[str, dict[str, IPv4Address]] = {}
    planned: dict[str, str] | None = None
    for site, entry in policy["sites"].items():
        found[site] = {}
        for name, machine in ((entry or {}).get("machines") or {}).items():
            text = (machine or {}).get("address")
            if not text and site in cloud.sites(policy):
                planned = cloud.planned(path, state) if planned is None else planned
                text = planned.get(name)
            if not text:
                raise LabError(f"Machine {name} has no `address:`; the lab rehearses machines with addresses.", USAGE)
            found[site][name] = ipv4(text, f"machine {name}")
    return found


def ipv4(text: object, whose: str) -> IPv4Address:
    """An IPv4 address. Raises LabError (2) naming whose it was."""
    try:
        return IPv4Address(str(text))
    except ValueError:
        raise LabError(f"The address {text!r} of {whose} is not an IPv4 address; the lab needs one.", USAGE) from None


def name_server_address(policy: dict[str, Any]) -> IPv4Address | None:
    """The address of the server of `switch: dns`, or None."""
    dns = (policy.get("switch") or {}).get("dns")
    return ipv4(dns["server"], "the name server") if dns else None


def networks_as_written(
    given: Mapping[str, str], addresses: Mapping[str, Mapping[str, IPv4Address]], server: IPv4Address | None
) -> dict[str, IPv4Network]:
    """Site -> network, as the policy has it; the name server gets a site of its own when it is in none of them."""
    everyone = {site: list(machines.values()) for site, machines in addresses.items()}
    networks = site_networks({site: found for site, found in everyone.items() if found or site in given}, given)
    if server is not None and not any(server in network for network in networks.values()):
        networks |= site_networks({DNS_SITE: [server]}, {})
    return networks


def moved_sites(networks: Mapping[str, IPv4Network], wishes: Mapping[str, str]) -> dict[str, IPv4Network]:
    """Site -> network in the lab, with those of `lab.yml` in place of the policy's."""
    unknown = set(wishes) - set(networks)
    if unknown:
        raise LabError(f"lab.yml moves {', '.join(sorted(unknown))}, which is no site of the policy.", USAGE)
    return site_networks(
        {site: [] for site in networks}, {site: str(net) for site, net in networks.items()} | dict(wishes)
    )


def moved_machines(
    before: Mapping[str, IPv4Network],
    after: Mapping[str, IPv4Network],
    addresses: Mapping[str, Mapping[str, IPv4Address]],
    server: IPv4Address | None,
) -> dict[IPv4Address, IPv4Address]:
    """Old address -> new address, for each machine (and the name server) of a site that `lab.yml` moves."""
    people = [address for machines in addresses.values() for address in machines.values()]
    people += [server] if server else []
    return {
        address: moved(address, before[site], after[site])
        for site in before
        if before[site] != after[site]
        for address in people
        if address in before[site]
    }
