# SPDX-License-Identifier: Apache-2.0
"""What is recovered as one thing. A type is one module, one schema fragment, one folder of steps, one line here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from bascule import policy
from bascule.plan import Json, Part
from bascule.registry import registered

TYPES = {
    "postgresql": "bascule.systems.postgresql:TYPE",
    "files": "bascule.systems.files:TYPE",
    "service": "bascule.systems.service:TYPE",
    "vm": "bascule.systems.vm:TYPE",
}


def of_the_machine(written: policy.Policy, system: policy.System) -> Mapping[str, str]:
    """Given a policy and one of its systems, return the addresses of its machines, by side; empty if unknown."""
    return {side: written.machines[machine].address or "" for side, machine in system.runs_on.items()}


@dataclass(frozen=True)
class SystemType:
    """What a type decides.

    ``settings(policy, system)``: what its steps need, total. ``keeps(settings)``: whether it has data of its own to
    lose. ``start(settings)``: what recovering takes beside bringing the data. ``ports(settings, taken)``: where it
    answers on a machine on which other systems answer at the ports ``taken``. ``copied_by``: the protections that it
    can have. ``configured``: whether it is software of the firm's own, which is kept in step where it waits.
    ``addresses(policy, system)``: where it answers, by side. ``carries(kind)``: what a type becomes inside one of this
    type; None where nothing runs inside.
    """

    settings: Callable[[policy.Policy, policy.System], Json]
    keeps: Callable[[Json], bool]
    start: Callable[[Json], tuple[Part, ...]]
    ports: Callable[[Json, Collection[int]], tuple[int, ...]]
    copied_by: tuple[str, ...] = ("restic",)
    configured: bool = False
    addresses: Callable[[policy.Policy, policy.System], Mapping[str, str]] = of_the_machine
    carries: Callable[[SystemType], SystemType] | None = None


def system_type(name: str) -> SystemType:
    """Given the name of a type, return it. Raise UnknownKind when there is none."""
    found: SystemType = registered(TYPES, name, "system type")
    return found


def type_of(written: policy.Policy, system: policy.System) -> SystemType:
    """Given a policy whose references are right, and one of its systems, return its type: what the type that carries it
    makes of it where it runs inside another system.
    """
    kind = system_type(system.type)
    carries = system_type(stands_as(written, system)).carries if system.inside else None
    return carries(kind) if carries else kind


def stands_as(written: policy.Policy, system: policy.System) -> str:
    """Given a policy and one of its systems, return the name of the type whose steps recover it."""
    return written.systems[system.inside].type if system.inside else system.type
