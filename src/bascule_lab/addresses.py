# SPDX-License-Identifier: Apache-2.0
"""Plan the lab's networks: pure arithmetic on addresses and names, nothing is touched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, ip_network

from bascule_lab.errors import CANNOT, USAGE, LabError

WIDEST = 16  # a site without `network:` whose machines do not even share a /16 is a mistake
USUAL = 24


def site_networks(addresses: Mapping[str, list[IPv4Address]], given: Mapping[str, str]) -> dict[str, IPv4Network]:
    """The network of each site: the one given, else the smallest one of /24 or wider that holds its machines.

    Raises LabError (2) when a machine is outside its site's network, or when two sites overlap.
    """
    networks: dict[str, IPv4Network] = {}
    for site, own in addresses.items():
        networks[site] = parsed(given[site], site) if site in given else around(own, site)
        outside = [str(address) for address in own if address not in networks[site]]
        if outside:
            raise LabError(f"{', '.join(outside)} of site {site} is outside its network {networks[site]}.", USAGE)
        for other, network in networks.items():
            if other != site and network.overlaps(networks[site]):
                raise LabError(
                    f"Sites {other} and {site} share the network {network}; in a lab each site has "
                    "its own: write `network:` for both, or `addresses:` in lab.yml.",
                    USAGE,
                )
    return networks


def parsed(text: str, site: str) -> IPv4Network:
    """An IPv4 network of at most /30. Raises LabError (2)."""
    try:
        network = ip_network(text)
    except ValueError:
        network = None
    if not isinstance(network, IPv4Network) or network.prefixlen > 30:
        raise LabError(f"The network {text!r} of site {site} is not one such as 10.99.1.0/24.", USAGE)
    return network


def around(addresses: list[IPv4Address], site: str) -> IPv4Network:
    """The smallest network of /24 or wider that holds all these addresses."""
    for prefix in range(USUAL, WIDEST - 1, -1):
        network = IPv4Network((addresses[0], prefix), strict=False)
        if all(address in network for address in addresses):
            return network
    raise LabError(f"The machines of site {site} lie far apart; write `network:` for it.", USAGE)


def moved(address: IPv4Address, old: IPv4Network, new: IPv4Network) -> IPv4Address:
    """The same host number in another network. Raises LabError (2) when it does not fit."""
    number = int(address) - int(old.network_address)
    if number >= new.num_addresses - 1:
        raise LabError(f"{address} does not fit into {new}; give lab.yml a wider network.", USAGE)
    return new.network_address + number


def rewritten(text: str, moves: Mapping[IPv4Address, IPv4Address], networks: Mapping[IPv4Network, IPv4Network]) -> str:
    """A policy's text with each address and network that stands alone in it replaced by the lab's."""
    words = {str(old): str(new) for old, new in [*moves.items(), *networks.items()]}
    pattern = r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\d.])"
    return re.sub(pattern, lambda found: words.get(found[0], found[0]), text)


def gateway(network: IPv4Network, taken: Iterable[IPv4Address]) -> IPv4Address:
    """The first free host address of a network: the lab's router in it."""
    used = set(taken)
    for address in network.hosts():
        if address not in used:
            return address
    raise LabError(f"The network {network} has no address left for the lab's router.", USAGE)


def tag(lab: str) -> str:
    """Six hexadecimal digits that stand for a lab wherever its name would be too long."""
    return hashlib.sha256(lab.encode()).hexdigest()[:6]


def uplink(lab: str) -> str:
    """Name of the one interface through which this computer reaches a lab."""
    return "bl" + tag(lab)


def bridge(network: IPv4Network) -> str:
    """Name of a site's bridge inside the lab's own network namespace (at most 15 characters)."""
    return f"br{int(network.network_address):08x}"


def port(address: IPv4Address) -> str:
    """Name of the bridge's end of a machine's cable (at most 15 characters)."""
    return f"m{int(address):08x}"


def mac(address: IPv4Address) -> str:
    """A machine's hardware address, the same at each start."""
    return "02:63:" + ":".join(f"{byte:02x}" for byte in address.packed)


def fabric(lab: str) -> str:
    """Name of the network namespace that holds a lab's bridges and routes."""
    return "bl-" + tag(lab)


def namespace(lab: str, machine: str) -> str:
    """Name of a machine's network namespace."""
    return f"bl-{tag(lab)}-{machine}"


def container(lab: str, machine: str) -> str:
    """Name of a machine's container."""
    return f"bl.{lab}.{machine}"


def table(lab: str) -> str:
    """Name of the lab's guard in nftables."""
    return "bascule_lab_" + tag(lab)


def refuse_overlap(networks: Mapping[str, IPv4Network], used: Mapping[str, IPv4Network]) -> None:
    """Raise LabError (3) when a lab network meets one that this computer uses (`used`: where it is seen -> network)."""
    for site, network in networks.items():
        for where, other in used.items():
            if network.overlaps(other):
                raise LabError(
                    f"Site {site} has the network {network}, and this computer itself uses {other} ({where}). "
                    f"Give the lab another one: in lab.yml beside the policy write "
                    f"`addresses: {{{site}: 10.96.1.0/24}}` with a network that is free here.",
                    CANNOT,
                )
