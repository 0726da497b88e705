# SPDX-License-Identifier: Apache-2.0
"""What is recovered as one thing. A type is one module, one schema fragment, one folder of steps, one line here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from bascule import policy
from bascule.plan import Json, Part
from bascule.registry import registered

TYPES = {
    "postgresql": "bascule.systems.postgresql:TYPE",
    "files": "bascule.systems.files:TYPE",
    "service": "bascule.systems.service:TYPE",
}


@dataclass(frozen=True)
class SystemType:
    """What a type decides.

    ``settings(system)``: what its steps need, total. ``keeps(settings)``: whether it has data of its own to lose.
    ``start(settings)``: what recovering takes beside bringing the data. ``ports(settings, taken)``: where it answers on
    a machine on which other systems answer at the ports ``taken``. ``copied_by``: the protections that it can have.
    ``configured``: whether it is software of the firm's own, which is kept in step where it waits.
    """

    settings: Callable[[policy.System], Json]
    keeps: Callable[[Json], bool]
    start: Callable[[Json], tuple[Part, ...]]
    ports: Callable[[Json, Collection[int]], tuple[int, ...]]
    copied_by: tuple[str, ...] = ("restic",)
    configured: bool = False


def system_type(name: str) -> SystemType:
    """Given the name of a type, return it. Raise UnknownKind when there is none."""
    found: SystemType = registered(TYPES, name, "system type")
    return found
