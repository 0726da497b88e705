# SPDX-License-Identifier: Apache-2.0
"""The network of a site in AWS: its two parts, which addresses AWS keeps, which one each machine gets."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from itertools import chain

LARGEST, SMALLEST = 16, 27
# Of each part AWS keeps the first four addresses and the last.
_KEPT = 4
# Machines begin here, so that what people number by hand from 4 on stays free as long as there is room.
_FIRST = 11


def subnets(network: IPv4Network) -> dict[str, IPv4Network]:
    """Given the network of a site, from /16 to /27, return its two parts; room is left in a large one."""
    prefix = max(network.prefixlen + 1, min(network.prefixlen + 4, 24))
    parts = network.subnets(new_prefix=prefix)
    return {"a": next(parts), "b": next(parts)}


def subnet_of(network: IPv4Network, address: IPv4Address) -> str | None:
    """Given the network of a site and an address, return in which part it is, None for neither."""
    return next((name for name, part in subnets(network).items() if address in part), None)


def kept(part: IPv4Network, address: IPv4Address) -> bool:
    """Given a part and an address of it, return whether AWS keeps it for itself."""
    offset = int(address) - int(part.network_address)
    return offset < _KEPT or offset == part.num_addresses - 1


def room(part: IPv4Network) -> int:
    """Given a part, return how many machines can be in it."""
    return part.num_addresses - _KEPT - 1


def addresses(network: IPv4Network, written: Mapping[str, str | None]) -> dict[str, str]:
    """Given the network of a site and the address of each machine where one was written, return all addresses.

    A machine without one gets the first that is free in the part `a`, in the order of the machines. Raise StopIteration
    when there is no room, which a rule has excluded.
    """
    part = subnets(network)["a"]
    offsets = chain(range(_FIRST, part.num_addresses - 1), range(_KEPT, min(_FIRST, part.num_addresses - 1)))
    taken = set(filter(None, written.values()))
    free = (text for offset in offsets if (text := str(part.network_address + offset)) not in taken)
    return {name: address or next(free) for name, address in written.items()}
