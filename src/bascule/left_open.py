# SPDX-License-Identifier: Apache-2.0
"""What a policy leaves open: `protect: auto`, `readiness: auto`. Light, since every policy is asked."""

from __future__ import annotations

from dataclasses import dataclass

from bascule.diagnostics import Path
from bascule.policy import Machine, Policy

AUTO = "auto"


@dataclass(frozen=True)
class Open:
    """What was left open: systems whose protection, sites and machines whose readiness follows."""

    systems: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.systems or self.sites or self.machines)

    def readiness(self, machine: Machine) -> bool:
        """Whether the readiness of a machine follows from the choice."""
        return machine.id in self.machines or (machine.site in self.sites and machine.readiness is None)


def open_of(policy: Policy) -> Open:
    """Given a policy as it was built, return what it leaves open."""
    written = policy.source.data["systems"]
    return Open(
        tuple(name for name in policy.systems if written[name].get("protect") == AUTO),
        tuple(site.id for site in policy.sites.values() if site.readiness == AUTO),
        tuple(machine.id for machine in policy.machines.values() if machine.readiness == AUTO),
    )


def place(policy: Policy, left: Open) -> Path:
    """Return the first place where something was left open."""
    if left.systems:
        return ("systems", left.systems[0], "protect")
    if left.sites:
        return ("sites", left.sites[0], "readiness")
    machine = policy.machines[left.machines[0]]
    return ("sites", machine.site, "machines", machine.id, "readiness")
