# SPDX-License-Identifier: Apache-2.0
"""What a risk, an account or a supplier touches, resolved to machines and systems."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bascule.policy import Policy, Reach, System


class Touched(NamedTuple):
    """Ids of what is touched: machines as such, and systems that were named themselves."""

    machines: frozenset[str]
    systems: frozenset[str]

    def sides(self, system: System) -> set[str]:
        """Given a system, return at which sides (``primary``, ``standby``) it is touched."""
        if system.id in self.systems:
            return set(system.runs_on)
        return {side for side, machine in system.runs_on.items() if machine in self.machines}


def touched(policy: Policy, reaches: Iterable[Reach]) -> Touched:
    """Given what is reached, return all of it; what that reaches is followed in turn. References must exist."""
    machines: set[str] = set()
    systems: set[str] = set()
    followed: set[Reach] = set()
    waiting = list(reaches)
    while waiting:
        reach = waiting.pop()
        if reach in followed:
            continue
        followed.add(reach)
        if reach.kind == "site":
            machines.update(policy.sites[reach.id].machines)
        elif reach.kind == "hazard":
            waiting.extend(Reach("site", site.id) for site in policy.sites.values() if reach.id in site.hazards)
        elif reach.kind == "account":
            waiting.extend(policy.accounts[reach.id].reaches)
        elif reach.kind == "supplier":
            waiting.extend(policy.suppliers[reach.id].provides)
        elif reach.kind == "resource":
            waiting.extend(standing_on(policy, reach))
        elif reach.kind in ("machine", "system"):
            {"machine": machines, "system": systems}[reach.kind].add(reach.id)
    return Touched(frozenset(machines), frozenset(systems))


def standing_on(policy: Policy, reach: Reach) -> list[Reach]:
    """Given a resource, return the sites, machines and resources that do not work without it."""
    return [
        *(Reach("site", site.id) for site in policy.sites.values() if reach in site.stands.needs),
        *(Reach("machine", machine.id) for machine in policy.machines.values() if reach in machine.stands.needs),
        *(Reach("resource", other.id) for other in policy.resources.values() if reach in other.stands.needs),
    ]
