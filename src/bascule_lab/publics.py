# SPDX-License-Identifier: Apache-2.0
"""Public addresses of a lab: a network of its own from a range that no computer of the Internet has (RFC 2544)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from bascule_lab import addresses
from bascule_lab.errors import CANNOT, LabError
from bascule_lab.state import State

RANGE = IPv4Network("198.18.0.0/15")
PREFIX = 24
NOTE = "public.json"
FIRST, LAST = 10, 199  # host numbers of instances; those above are the doors of sites
DOORS = 200


def network(state: State) -> IPv4Network | None:
    """The network that `choose` noted; None for a lab without one."""
    noted = state.read_json(NOTE, {}).get("network")
    return IPv4Network(noted) if noted else None


def choose(state: State, lab: str, used: Iterable[IPv4Network]) -> IPv4Network:
    """The lab's network of public addresses: the one that it has, else a free one, which is noted.

    Raises LabError (3) when the computer uses all of the range (`used`: its networks).
    """
    taken = list(used)
    own = network(state)
    if own and not any(own.overlaps(other) for other in taken):
        return own
    all_of_them = list(RANGE.subnets(new_prefix=PREFIX))
    begin = int(addresses.tag(lab), 16) % len(all_of_them)  # labs side by side look at different ones first
    for one in [*all_of_them[begin:], *all_of_them[:begin]]:
        if not any(one.overlaps(other) for other in taken):
            state.write_json(NOTE, {"network": str(one), "given": []})
            return one
    raise LabError(f"This computer uses all of {RANGE}, from which the lab takes public addresses.", CANNOT)


def of(state: State, machine: str) -> IPv4Address:
    """The public address that a machine has or will have: the same for all instances that it ever is, as an address
    that is kept for it. Raises LabError (3) when there is none left."""
    noted = state.read_json(NOTE, {})
    given: list[str] = noted["given"]
    if machine not in given:
        given.append(machine)
        state.write_json(NOTE, noted)
    number = FIRST + given.index(machine)
    if number > LAST:
        raise LabError(f"The lab has no public address left in {noted['network']}.", CANNOT)
    return IPv4Network(noted["network"]).network_address + number


def doors(own: IPv4Network, sites: Iterable[IPv4Network]) -> dict[IPv4Network, IPv4Address]:
    """Site's network -> the public address under which its machines appear outside, as behind a firm's router."""
    return {site: own.network_address + DOORS + number for number, site in enumerate(sorted(sites))}
