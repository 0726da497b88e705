# SPDX-License-Identifier: Apache-2.0
"""What happens when something happens: which nodes are down, whose data are bad, which copies are left and how old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bascule.analysis.copies import Left, left_of
from bascule.analysis.model import CORRUPTION, DAMAGING, LOSS, Model, Scenario, System
from bascule.analysis.structure import cone, failing


@dataclass(frozen=True)
class Struck:
    """A firm in a scenario: the nodes that do not work, the systems whose data are bad or gone, what is left of each
    system's copies.
    """

    scenario: Scenario
    down: frozenset[str]
    damaged: frozenset[str]
    left: Mapping[str, tuple[Left, ...]]


def strike(model: Model, scenario: Scenario) -> Struck:
    """Given a firm and a scenario, return what it does to the firm."""
    order = cone(model.graph, model.graph)
    hit = _down(model, order, scenario.nodes)
    damaged = frozenset(name for name, system in model.systems.items() if _damaged(name, system, scenario, hit))
    lost = _lost_nodes(model, scenario, damaged)
    down = _down(model, order, lost)
    # What was wrong spoils copies where it was, also where the place itself works on.
    spoilt = down | hit if scenario.mode == CORRUPTION else down
    left = {
        name: tuple(left_of(copy, spoilt, name in damaged, scenario.unseen_s) for copy in system.copies)
        for name, system in model.systems.items()
    }
    useless = [one.copy.id for copies in left.values() for one in copies if one.why]
    return Struck(scenario, _down(model, order, [*lost, *useless]), damaged, left)


def touches_nothing(model: Model, scenario: Scenario) -> bool:
    """Return whether no activity, and no recovery of one, depends on anything that a scenario touches."""
    tops = [top for activity in model.activities.values() for top in (activity.serves, activity.recovers)]
    inside = set(cone(model.graph, tops))
    used = {name for activity in model.activities.values() for name in (*activity.depends, *activity.moves)}
    return inside.isdisjoint(scenario.nodes) and used.isdisjoint(scenario.systems)


def _damaged(name: str, system: System, scenario: Scenario, hit: frozenset[str]) -> bool:
    """Whether the data of a system are wrong, or gone with a part of it that was named by itself."""
    if name in scenario.systems:
        return scenario.mode in DAMAGING or scenario.mode == LOSS
    return scenario.mode in DAMAGING and (system.place or system.home) in hit


def _lost_nodes(model: Model, scenario: Scenario, damaged: frozenset[str]) -> list[str]:
    """Return the nodes that a scenario takes away by itself.

    Corruption leaves machines alone; a system whose data are bad serves no longer, but can be recovered elsewhere. What
    is only unavailable, wherever it runs, is so at both sides.
    """
    lost = [] if scenario.mode == CORRUPTION else list(scenario.nodes)
    for name in dict.fromkeys((*scenario.systems, *sorted(damaged))):
        system = model.systems[name]
        lost.append(system.home)
        if name not in damaged and system.away:
            lost.append(system.away)
    return lost


def _down(model: Model, order: tuple[str, ...], lost: Iterable[str]) -> frozenset[str]:
    fails = failing(model.graph, order, dict.fromkeys(lost, 1))
    return frozenset(name for name, mask in fails.items() if mask)
