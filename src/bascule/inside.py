# SPDX-License-Identifier: Apache-2.0
"""What runs inside another system, such as a virtual machine: it stands where that one does, and goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bascule.policy import System


def settled(systems: Mapping[str, System]) -> dict[str, System]:
    """Given systems as they are written, return them with those inside others at their place.

    What runs inside comes after what carries it. What it needs outside, that one needs too: it is started with all that
    it holds. Where a name leads to nothing, or to something that is inside itself, all stays as it is written.
    """
    placed = {name: _placed(system, systems) for name, system in systems.items()}
    held: dict[str, list[System]] = {}
    for system in placed.values():
        if system.inside and system.runs_on:
            held.setdefault(system.inside, []).append(system)
    return {name: _awaiting(system, held.get(system.id, [])) for name, system in placed.items()}


def _carrier(system: System, systems: Mapping[str, System]) -> System | None:
    found = systems.get(system.inside or "")
    return found if found and found.runs_on else None


def _placed(system: System, systems: Mapping[str, System]) -> System:
    carrier = _carrier(system, systems)
    if carrier is None:
        return system
    needs = (carrier.id, *(name for name in system.needs if name != carrier.id))
    return replace(system, runs_on=dict(carrier.runs_on), needs=needs)


def _awaiting(carrier: System, held: Sequence[System]) -> System:
    within = {carrier.id, *(one.id for one in held)}
    outside = (name for one in held for name in one.needs if name not in within)
    return replace(carrier, needs=tuple(dict.fromkeys((*carrier.needs, *outside)))) if held else carrier
