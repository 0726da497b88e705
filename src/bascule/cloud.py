# SPDX-License-Identifier: Apache-2.0
"""What is there when, at a site that is built: questions that rules and planner both ask of a policy."""

from __future__ import annotations

from collections.abc import Iterator

from bascule.policy import Cloud, Machine, Policy, Site

READINESS = "warm"
PROTECT, ACTIVATE = "protect", "activate"


def built_sites(policy: Policy) -> Iterator[tuple[Site, Cloud]]:
    """Given a policy, yield each site that is built, with what is built there."""
    yield from ((site, site.cloud) for site in policy.sites.values() if site.cloud)


def readiness(site: Site, machine: Machine) -> str:
    """Given a site and a machine of it, return the machine's readiness: its own, the site's, or the default."""
    return machine.readiness or site.readiness or READINESS


def holding_data(policy: Policy, site: Site) -> frozenset[str]:
    """Given a policy and a site that is built, return its machines that hold copies, or the end of the link."""
    protected = {machine for system in policy.systems.values() if system.protect for machine in system.runs_on.values()}
    ends = {site.cloud.link.through} if site.cloud and site.cloud.link else set()
    return frozenset((protected | ends) & site.machines.keys())


def phases(policy: Policy, site: Site) -> dict[str, tuple[str, ...]]:
    """Given a policy and a site that is built, return the phases in which each of its machines is there."""
    data = holding_data(policy, site)
    before = {"warm": site.machines.keys(), "pilot": data, "cold": frozenset[str]()}
    return {
        name: (PROTECT, ACTIVATE) if name in before[readiness(site, machine)] else (ACTIVATE,)
        for name, machine in site.machines.items()
    }


def built_late(policy: Policy) -> frozenset[str]:
    """Given a policy, return the machines that are built when they are needed, not before."""
    return frozenset(
        name for site, _ in built_sites(policy) for name, there in phases(policy, site).items() if PROTECT not in there
    )
