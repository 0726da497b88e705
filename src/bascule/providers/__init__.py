# SPDX-License-Identifier: Apache-2.0
"""Who provides the machines of a site. A provider is one module here, one folder of steps, one line in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bascule import policy
from bascule.plan import Site
from bascule.registry import registered

KINDS = {
    "aws": "bascule.providers.aws:KIND",
    "hosts": "bascule.providers.hosts:KIND",
}


@dataclass(frozen=True)
class Provider:
    """What a provider decides.

    ``site(policy, site)``: what stands in the plan, total. ``addresses(site)``: those of its machines, where it gives
    them. ``sized(machine)``: the size under which a machine has its price, where there is one. ``builds``: whether
    machines can be made when they are needed.
    """

    site: Callable[[policy.Policy, policy.Site], Site]
    addresses: Callable[[policy.Site], Mapping[str, str]]
    sized: Callable[[policy.Machine], str | None]
    builds: bool = False


def provider(name: str) -> Provider:
    """Given the name of a provider, return it. Raise UnknownKind when there is none."""
    found: Provider = registered(KINDS, name, "provider")
    return found


def addressed(written: policy.Policy) -> policy.Policy:
    """Given a policy that passed the rules, return it with the addresses that providers give to its machines."""
    given = {site.id: provider(site.provider).addresses(site) for site in written.sites.values()}
    if not any(given.values()):
        return written
    return replace(written, sites={name: _with(site, given[name]) for name, site in written.sites.items()})


def _with(site: policy.Site, given: Mapping[str, str]) -> policy.Site:
    machines = {
        name: replace(machine, address=given.get(name, machine.address)) for name, machine in site.machines.items()
    }
    return replace(site, machines=machines)
