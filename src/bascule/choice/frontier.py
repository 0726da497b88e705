# SPDX-License-Identifier: Apache-2.0
"""The price of minutes: for one group alone, what each recovery time costs a year, from the slowest to the quickest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bascule.choice.problem import NEVER, Group, Option, Problem, in_use
from bascule.choice.program import cheapest

# Steps that nobody would tell apart.
_STEP_S = 1.0


@dataclass(frozen=True)
class Point:
    """A recovery within so many seconds in every scenario costs so much a year when the group shares with nobody."""

    lasts_s: float
    outlay: float
    options: Mapping[str, Option]


def alone(problem: Problem, group: str, limit_s: float = NEVER) -> Problem:
    """Given a problem and one of its groups, return the problem of that group alone: outlays only, and one bound for
    how long it may be stopped in any scenario that its promises are held against.
    """
    one = problem.groups[group]
    stops = tuple(stop and replace(stop, may_last_s=limit_s if stop.may_last_s < NEVER else NEVER, cost=_NOTHING)
                  for stop in one.stops)  # fmt: skip
    systems = {name: problem.systems[name] for name in one.systems}
    names = in_use(problem, [name for system in systems.values() for way in system.options for name in way.items])
    items = {name: problem.items[name] for name in names}
    return Problem(systems, {group: Group(one.systems, stops)}, items)


_NOTHING = ((0.0, 0.0), (1.0, 0.0))


def frontier(problem: Problem, group: str) -> tuple[Point, ...]:
    """Given a problem and one of its groups, return all recovery times at which something cheaper than any quicker one
    can be had, the slowest first; exact, one program a point. Empty when no promise about data can be kept.
    """
    found: list[Point] = []
    limit_s = NEVER
    while limit_s > 0:
        choice = cheapest(alone(problem, group, limit_s))
        if choice is None:
            break
        lasts_s = longest(problem.groups[group], choice.worth.lasts_s[group])
        # What is quicker for no more money makes the slower one pointless.
        while found and found[-1].outlay >= choice.worth.outlay - 0.005:
            found.pop()
        found.append(Point(lasts_s, round(choice.worth.outlay, 2), choice.options))
        limit_s = lasts_s - _STEP_S
    return tuple(found)


def longest(group: Group, lasts_s: tuple[float, ...]) -> float:
    """Given how long a group stops by scenario, return the longest among those that its promises are held against."""
    held = [seconds for seconds, stop in zip(lasts_s, group.stops, strict=True) if stop and stop.may_last_s < NEVER]
    return max(held, default=0.0)


def within(points: tuple[Point, ...], limit_s: float) -> Point | None:
    """Given the points of a group, return the cheapest that is back within so many seconds; None when none is."""
    return min((point for point in points if point.lasts_s <= limit_s), key=lambda point: point.outlay, default=None)
