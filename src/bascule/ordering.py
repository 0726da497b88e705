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
    ``group_of``: the group that a system moves with; systems that no activity depends on are not in it.
    """

    after: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...]
    depends: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]
    moves: Mapping[str, tuple[str, ...]]
    group_of: Mapping[str, str]


def shape_of(written: policy.Policy) -> Shape:
    """Given a policy that passed the rules, return its graph. Raise ValueError when needs go round in a circle."""
    needs = {name: system.all_needs for name, system in written.systems.items()}
    same_moment = {name: system.consistent_with for name, system in written.systems.items()}
    depends = {name: (*needs[name], *same_moment[name]) for name in needs}
    # Two systems of one moment move together, whichever of them says so.
    bound = {name: list(depends[name]) for name in needs}
    for name, others in same_moment.items():
        for other in others:
            bound[other].append(name)
    after = with_wishes(needs, same_moment)
    order = ordered(after)

    position = {name: index for index, name in enumerate(order)}

    def in_order(systems: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(systems, key=position.__getitem__))

    uses = {name: activity.all_uses for name, activity in written.activities.items()}
    moving = {name: closure(used, bound) for name, used in uses.items()}
    groups = {nodes[0]: nodes for nodes in joined(moving)}
    together = {name: in_order(frozenset().union(*(moving[node] for node in nodes))) for name, nodes in groups.items()}
    return Shape(
        after={name: in_order(set(before)) for name, before in after.items()},
        order=order,
        depends={name: in_order(closure(used, depends)) for name, used in uses.items()},
        groups=groups,
        moves=together,
        group_of={system: group for group, systems in together.items() for system in systems},
    )


def units_of(shape: Shape) -> tuple[Unit, ...]:
    """Given the graph, return the units: each group's systems, switch, activities; last, systems nobody uses."""
    units: list[Unit] = []
    for group, activities in shape.groups.items():
        units += [_system(shape, name) for name in shape.moves[group]]
        units.append(Unit(f"switch.{group}", "switch", group, tuple(f"system.{name}" for name in shape.moves[group])))
        units += [Unit(f"activity.{name}", "activity", name, (f"switch.{group}",)) for name in activities]
    units += [_system(shape, name) for name in shape.order if name not in shape.group_of]
    return tuple(units)


def _system(shape: Shape, name: str) -> Unit:
    return Unit(f"system.{name}", "system", name, tuple(f"system.{other}" for other in shape.after[name]))
