# SPDX-License-Identifier: Apache-2.0
"""The networks of a site that is built are such that AWS makes them, and lie in nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from bascule.cloud import built_sites
from bascule.diagnostics import Diagnostic, Path
from bascule.policy import Cloud, Policy, Site, VpnAccess
from bascule.providers.aws_network import LARGEST, SMALLEST, addresses, kept, room, subnet_of, subnets

_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
_VPN_LARGEST, _VPN_SMALLEST = 12, 22


def _network(text: str | None) -> IPv4Network:
    return IPv4Network(text or "0.0.0.0/0", strict=False)


def _makes(network: IPv4Network) -> bool:
    return LARGEST <= network.prefixlen <= SMALLEST


def made_by_aws(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC402 for each network that AWS does not make, or that is not of private addresses."""
    for site, _ in built_sites(policy):
        network, path = _network(site.network), ("sites", site.id, "network")
        if not _makes(network):
            limit = (
                f"larger than /{LARGEST}" if network.prefixlen < LARGEST else f"too small for two parts (/{SMALLEST})"
            )
            fix = f"Write a network from /{LARGEST} to /{SMALLEST}, for example `{_free(policy, 16)}`."
            yield policy.source.finding("BC402", path, f"{network} is {limit}, which AWS does not make", fix)
        elif not any(network.subnet_of(private) for private in _PRIVATE):
            fix = f"Take private addresses, for example `{_free(policy, 16)}`."
            yield policy.source.finding("BC402", path, f"{network} holds addresses of other people's machines", fix)


def nobody_else_inside(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC403 for each network that holds the address of a machine of a site without a network of its own."""
    for site, _ in built_sites(policy):
        inside = [
            machine
            for machine in policy.machines.values()
            if machine.site != site.id
            and machine.address
            and IPv4Address(machine.address) in _network(site.network)
            and not policy.sites[machine.site].network
        ]
        if inside:
            more = f", and {len(inside) - 1} more" if len(inside) > 1 else ""
            what = (
                f"`{inside[0].id}` of the site `{inside[0].site}` has the address {inside[0].address} in this network"
            )
            fix = f"Give the site a network of its own, for example `{_free(policy, 16)}`."
            yield policy.source.finding("BC403", ("sites", site.id, "network"), what + more, fix)


def addresses_can_be_had(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC409 for each address that AWS does not give to a machine, BC410 where there is no room for all."""
    for site, _ in built_sites(policy):
        network = _network(site.network)
        if not _makes(network):
            continue
        parts = subnets(network)
        for machine in site.machines.values():
            address = IPv4Address(machine.address) if machine.address else None
            if address is None or address not in network:
                continue
            part = subnet_of(network, address)
            if part and not kept(parts[part], address):
                continue
            listed = " and ".join(map(str, parts.values()))
            outside = f"{address} is in neither part of the network ({listed})"
            what = f"AWS keeps {address} for itself, as the last and the first four of each part" if part else outside
            path = ("sites", site.id, "machines", machine.id, "address")
            yield policy.source.finding("BC409", path, what, _another(site, network, machine.id))
        yield from _crowded(policy, site, network)


def _another(site: Site, network: IPv4Network, machine: str) -> str:
    given = {name: other.address for name, other in site.machines.items() if other.address and name != machine}
    try:
        proposed = addresses(network, {**given, machine: None})[machine]
    except StopIteration:
        return "Leave `address` out."
    return f"Write `{proposed}`, or leave `address` out."


def _crowded(policy: Policy, site: Site, network: IPv4Network) -> Iterator[Diagnostic]:
    part, far = subnets(network).values()
    there = [one for one in site.machines.values() if not (one.address and IPv4Address(one.address) in far)]
    if len(there) > room(part):
        what = f"there are {len(there)} machines, and {part} has room for {room(part)}"
        fits = next(size for size in range(SMALLEST, LARGEST - 1, -1) if room(_part(size)) >= len(there))
        fix = f"Write a larger network, for example `{_free(policy, fits)}`."
        yield policy.source.finding("BC410", ("sites", site.id, "network"), what, fix)


def _part(prefix: int) -> IPv4Network:
    return subnets(IPv4Network(f"10.0.0.0/{prefix}"))["a"]


def tunnels(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC338 for tunnels and VPNs that are no networks, BC423 where they overlap others, BC424 where a tunnel is
    too small for its ends, BC434 where AWS makes no VPN of that size.
    """
    for site, cloud in built_sites(policy):
        for path, text, word in _inner(site, cloud):
            network = _network(text)
            if str(network) != text:
                fix = f"Write `{network}`."
                yield policy.source.finding("BC338", path, f"{text} is an address inside a network, not a network", fix)
            for other, whose in _around(policy, path):
                if network.overlaps(other):
                    what = f"the addresses of the {word}, {network}, and {other} of {whose} overlap"
                    fix = f"Write `{path[-1]}: {_free(policy, network.prefixlen)}`."
                    yield policy.source.finding("BC423", path, what, fix)
                    break
        yield from _sizes(policy, site, cloud)


def _sizes(policy: Policy, site: Site, cloud: Cloud) -> Iterator[Diagnostic]:
    link, access = cloud.link, cloud.access
    if link:
        ends, places = 1 + len(link.peers), max(_network(link.tunnel).num_addresses - 2, 0)
        if ends > places:
            prefix = 32 - (ends + 1).bit_length()
            what = f"the tunnel {link.tunnel} has addresses for {places} ends, and there are {ends}"
            fix = f"Write `tunnel: {_free(policy, min(prefix, 28))}`."
            yield policy.source.finding("BC424", ("sites", site.id, "link", "tunnel"), what, fix)
    if isinstance(access, VpnAccess) and not _VPN_LARGEST <= _network(access.network).prefixlen <= _VPN_SMALLEST:
        what = f"AWS makes client VPNs from /{_VPN_LARGEST} to /{_VPN_SMALLEST}, and this is {access.network}"
        path = ("sites", site.id, "access", "vpn", "network")
        yield policy.source.finding("BC434", path, what, f"Write `network: {_free(policy, _VPN_SMALLEST)}`.")


def _inner(site: Site, cloud: Cloud) -> Iterator[tuple[Path, str, str]]:
    at: Path = ("sites", site.id)
    if cloud.link:
        yield (*at, "link", "tunnel"), cloud.link.tunnel, "tunnel"
    if isinstance(cloud.access, VpnAccess):
        yield (*at, "access", "vpn", "network"), cloud.access.network, "VPN"


def _around(policy: Policy, path: Path | None = None) -> Iterator[tuple[IPv4Network, str]]:
    """Every network and every address of the policy, with whose it is; what is written at a path is left out."""
    for site in policy.sites.values():
        if site.network:
            yield _network(site.network), f"the site `{site.id}`"
        for machine in site.machines.values():
            if machine.address:
                yield IPv4Network(machine.address), f"`{machine.id}`"
    for site, cloud in built_sites(policy):
        for other, text, word in _inner(site, cloud):
            if other != path:
                yield _network(text), f"the {word}"


def _free(policy: Policy, prefix: int) -> IPv4Network:
    """A private network of that size of which the policy uses no address."""
    used = [network for network, _ in _around(policy)]
    whole = IPv4Network("10.0.0.0/8")
    # Beginning at 10.20, as the documents do; each step is at least as large as what is proposed.
    steps = [*range(20, 256), *range(20)]
    candidates = (IPv4Network((int(whole.network_address) + (step << 16), max(prefix, 16))) for step in steps)
    found = next((one for one in candidates if not any(one.overlaps(other) for other in used)), None)
    return found or IPv4Network(f"172.16.0.0/{max(prefix, 16)}")
