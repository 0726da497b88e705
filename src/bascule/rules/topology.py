# SPDX-License-Identifier: Apache-2.0
"""Sites, machines and networks fit together, and what must survive the primary site is not at it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_address, ip_network

from bascule.diagnostics import Diagnostic, Path
from bascule.policy import Policy, Site

# Scenarios that every policy has; a risk must not hide one.
BUILT_IN = ("lost", "planned", "compromise")


def machines_at_their_side(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC303 for each machine that is named for one site and stands at another."""
    named: list[tuple[Path, str, str]] = [
        (("systems", system.id, "runs_on", side), side, machine)
        for system in policy.systems.values()
        if system.inside is None
        for side, machine in system.runs_on.items()
    ]
    named += [
        (("controllers", controller.id, "machine"), controller.at, controller.machine)
        for controller in policy.controllers.values()
        if controller.machine
    ]
    for path, site, machine in named:
        there = policy.machines[machine].site
        if there != site:
            candidates = ", ".join(f"`{id_}`" for id_ in list(policy.sites[site].machines)[:6])
            what = f"the machine `{machine}` is at the site `{there}`, not at `{site}`"
            fix = f"Name a machine of `{site}` ({candidates})." if candidates else f"Give `{site}` a machine."
            yield policy.source.finding("BC303", path, what, fix)


def addresses_once(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC331 for each address that two machines have."""
    seen: dict[str, str] = {}
    for machine in policy.machines.values():
        if machine.address in seen:
            path = ("sites", machine.site, "machines", machine.id, "address")
            what = f"`{seen[machine.address]}` has the address {machine.address} too"
            yield policy.source.finding("BC331", path, what, "Give each machine the address that it really has.")
        elif machine.address:
            seen[machine.address] = machine.id


def _network(site: Site) -> IPv4Network | None:
    network = ip_network(site.network, strict=False) if site.network else None
    return network if isinstance(network, IPv4Network) else None


def networks(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC338 for each network that is no first address of one, BC336 for each that overlaps another site's."""
    seen: list[tuple[str, IPv4Network]] = []
    for site in policy.sites.values():
        network = _network(site)
        if network is None:
            continue
        path = ("sites", site.id, "network")
        if str(network) != site.network:
            what = f"{site.network} is an address inside a network, not a network"
            yield policy.source.finding("BC338", path, what, f"Write `{network}`.")
        for other, theirs in seen:
            if network.overlaps(theirs):
                what = f"this network and {theirs} of the site `{other}` overlap"
                yield policy.source.finding("BC336", path, what, "Give each site a network of its own.")
        seen.append((site.id, network))


def addresses_in_networks(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC335 for each machine whose address is outside the network of its site."""
    for site in policy.sites.values():
        network = _network(site)
        for machine in site.machines.values():
            if network and machine.address and ip_address(machine.address) not in network:
                path = ("sites", site.id, "machines", machine.id, "address")
                what = f"{machine.address} is not in the network {network} of the site `{site.id}`"
                yield policy.source.finding("BC335", path, what, "Correct the address or the site's `network`.")


def shared_hazards(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC332 for each hazard that may strike primary and standby together."""
    primary = policy.sites["primary"].hazards
    for i, hazard in enumerate(policy.sites["standby"].hazards):
        if hazard in primary:
            what = f"`{hazard}` may strike the primary site and the standby together"
            fix = "Choose a standby elsewhere, or say in `hazards` only what really reaches both."
            path = ("sites", "standby", "hazards", i)
            yield policy.source.finding("BC332", path, what, fix, severity="warning")


def controller_away(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC334 when a recovery can be run from the primary site only."""
    if all(controller.at == "primary" for controller in policy.controllers.values()):
        what = "every controller is at the primary site, which is the one that may be gone"
        fix = "Add one elsewhere, for example `standby-box: {at: standby, machine: …}`."
        yield policy.source.finding("BC334", ("controllers",), what, fix, key=True)


def observer_away(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC339 when all observers are lost with the primary site."""
    at = {policy.machines[observer.machine].site for observer in policy.observers.values()}
    if at == {"primary"}:
        what = "every observer is at the primary site and is lost with it"
        fix = "Name one at another site, best at neither."
        yield policy.source.finding("BC339", ("observers",), what, fix, key=True, severity="warning")


def risk_names(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC361 for each risk with the name of a scenario that every policy has."""
    for id_ in policy.risks:
        if id_ in BUILT_IN:
            what = f"`{id_}` is a scenario that every policy has"
            yield policy.source.finding("BC361", ("risks", id_), what, "Give the risk another name.", key=True)
