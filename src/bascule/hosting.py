# SPDX-License-Identifier: Apache-2.0
"""What hosts of virtual machines owe: who imposes their deadline, how full they would be, how guests start there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bascule.graph import closure
from bascule.hypervisor import Hypervisor, hypervisor
from bascule.policy import Policy, System
from bascule.values import size_bytes

VM = "vm"
FULL, MINIMUM = "full", "minimum"


@dataclass(frozen=True)
class Load:
    """What guests take of a host, in bytes."""

    memory_bytes: int
    disk_bytes: int


@dataclass(frozen=True)
class Imposed:
    """The deadline of a host: that of the most urgent activity that stands on one of its guests, in seconds."""

    rto_s: int
    rpo_s: int
    activity: str
    guest: str


def guests(policy: Policy) -> list[System]:
    """Given a policy, return its virtual machines."""
    return [system for system in policy.systems.values() if system.type == VM]


def guests_on(policy: Policy, machine: str, side: str) -> list[System]:
    """Given a policy, a machine and a side, return the virtual machines that run on it when that side serves."""
    return [system for system in guests(policy) if system.runs_on.get(side) == machine]


def memory_bytes(guest: System, level: str) -> int:
    """Given a virtual machine and a level, return its memory; that of the full level where no minimum is written."""
    lowered = guest.settings.get(MINIMUM) if level == MINIMUM else None
    return size_bytes((lowered or guest.settings)["memory"])


def load(found: Iterable[System], level: str) -> Load:
    """Given virtual machines and a level, return what they take at once. A ready image takes its room a second time."""
    listed = list(found)
    disk = sum((one.size_bytes or 0) * (2 if one.settings.get("ready") else 1) for one in listed)
    return Load(sum(memory_bytes(one, level) for one in listed), disk)


def level_on(policy: Policy, machine: str, side: str) -> str:
    """Given a policy, a host and a side, return the level at which its guests start there: full where all fit."""
    host = host_of(policy, machine)
    fits = host is None or load(guests_on(policy, machine, side), FULL).memory_bytes <= host.memory_bytes
    return FULL if fits else MINIMUM


def host_of(policy: Policy, machine: str) -> Hypervisor | None:
    """Given a policy and the id of a machine, return it as a host of virtual machines; None where it is none."""
    return hypervisor(policy.machines[machine])


def imposed(policy: Policy, found: Iterable[System]) -> Imposed | None:
    """Given a policy and virtual machines of one host, return the deadline that they impose on it; None for none.

    A guest is as urgent as the most urgent activity that depends on it, or on something that runs inside it.
    """
    needs = {name: (*one.all_needs, *one.consistent_with) for name, one in policy.systems.items()}
    names = [one.id for one in found]
    best: Imposed | None = None
    for activity in policy.activities.values():
        below = closure(activity.all_uses, needs)
        met = next((name for name in names if name in below), None)
        if met is None:
            continue
        rto_s, rpo_s = activity.target.rto_s, activity.target.rpo_s
        if best is None or rto_s < best.rto_s:
            best = Imposed(rto_s, min(rpo_s, best.rpo_s) if best else rpo_s, activity.id, met)
        elif rpo_s < best.rpo_s:
            best = replace(best, rpo_s=rpo_s)
    return best
