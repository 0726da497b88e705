# SPDX-License-Identifier: Apache-2.0
"""The graph of a policy: what comes after what, what moves together, and the units of a recovery in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bascule import policy
from bascule.graph import closure, joined, ordered, with_wishes
from bascule.plan import Unit


@dataclass(frozen=True)
class Shape:
    """``after``: what each system comes after. ``order``: all systems, each after those. ``depends``: all that an
    activity depends on. ``groups``: the activities of each switch group. ``moves``: the systems that move with it.
    """

    after: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...]
    depends: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]
    moves: Mapping[str, tuple[str, ...]]

    def group_of(self, system: str) -> str | None:
        """Return the group that a system moves with; None when no activity depends on it."""
        return next((group for group, systems in self.moves.items() if system in systems), None)


def shape_of(written: policy.Policy) -> Shape:
    """Given a policy that passed the rules, return its graph. Raise ValueError when needs go round in a circle."""
    needs = {name: system.needs for name, system in written.systems.items()}
    same_moment = {name: system.consistent_with for name, system in written.systems.items()}
    depends = {name: (*needs[name], *same_moment[name]) for name in needs}
    # Two systems of one moment move together, whichever of them says so.
    bound = {name: (*depends[name], *(other for other in same_moment if name in same_moment[other])) for name in needs}
    after = with_wishes(needs, same_moment)
    order = ordered(after)

    def in_order(systems: Iterable[str]) -> tuple[str, ...]:
        chosen = frozenset(systems)
        return tuple(name for name in order if name in chosen)

    uses = {name: activity.uses for name, activity in written.activities.items()}
    moving = {name: closure(used, bound) for name, used in uses.items()}
    groups = {nodes[0]: nodes for nodes in joined(moving)}
    return Shape(
        after=after,
        order=order,
        depends={name: in_order(closure(used, depends)) for name, used in uses.items()},
        groups=groups,
        moves={name: in_order(frozenset().union(*(moving[node] for node in nodes))) for name, nodes in groups.items()},
    )


def units_of(shape: Shape) -> tuple[Unit, ...]:
    """Given the graph, return the units: each group's systems, switch, activities; last, systems nobody uses."""
    units: list[Unit] = []
    for group, activities in shape.groups.items():
        units += [_system(shape, name) for name in shape.moves[group]]
        units.append(Unit(f"switch.{group}", "switch", group, tuple(f"system.{name}" for name in shape.moves[group])))
        units += [Unit(f"activity.{name}", "activity", name, (f"switch.{group}",)) for name in activities]
    units += [_system(shape, name) for name in shape.order if shape.group_of(name) is None]
    return tuple(units)


def _system(shape: Shape, name: str) -> Unit:
    before = tuple(f"system.{other}" for other in shape.order if other in shape.after[name])
    return Unit(f"system.{name}", "system", name, before)
