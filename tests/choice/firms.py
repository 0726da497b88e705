# SPDX-License-Identifier: Apache-2.0
"""Firms made at random, as numbers, and the answer that trying everything gives."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

from bascule.choice.problem import Group, Item, Option, Problem, Stop, System, Worth, worth


def firm(chance: Random, systems: int | None = None, options: int = 4, hosts: int = 3) -> Problem:
    """A small firm: groups with chains, hosts that stand on a room, one thing that delays everybody, odd costs."""
    count = systems or chance.randint(1, 3)
    scenarios = chance.randint(1, 3)
    items = {f"host-{index}": Item(chance.randint(0, 900), 0, ("room",)) for index in range(hosts)}
    items |= {"room": Item(chance.randint(0, 500)), "late": Item(0, chance.choice((0, 0, 180)))}
    names = [f"system-{index}" for index in range(count)]
    groups: dict[str, list[str]] = {}
    made: dict[str, System] = {}
    for name in names:
        members = groups.setdefault(f"group-{chance.randint(0, 1)}", [])
        after = tuple(other for other in members if chance.random() < 0.5)
        members.append(name)
        bounds = tuple(chance.choice((300, 9000, 1e9)) for _ in range(scenarios))
        made[name] = System(tuple(_option(chance, index, items, scenarios) for index in range(options)), after, bounds)
    return Problem(
        made,
        {name: Group(tuple(members), _stops(chance, scenarios)) for name, members in groups.items()},
        items,
        chance.choice((None, None, 2000.0)),
    )


def _option(chance: Random, index: int, items: dict[str, Item], scenarios: int) -> Option:
    def each(*values: float) -> tuple[float, ...]:
        return tuple(float(chance.choice(values)) for _ in range(scenarios))

    used = tuple(name for name in items if name != "room" and chance.random() < 0.3)
    return Option(
        f"option-{index}", chance.randint(0, 800), used, each(0, 0, 600), each(5, 60, 600, 4000), each(5, 300, 9000)
    )


def _stops(chance: Random, scenarios: int) -> tuple[Stop | None, ...]:
    return tuple(
        None if chance.random() < 0.2 else Stop(30.0, chance.choice((1200.0, 5000.0, 1e6)), _cost(chance))
        for _ in range(scenarios)
    )


def _cost(chance: Random) -> tuple[tuple[float, float], ...]:
    knots, x, y = [(0.0, 0.0)], 0.0, 0.0
    for _ in range(chance.randint(1, 4)):
        x, y = x + chance.choice((60, 600, 3600)), y + chance.choice((0, 50, 400))
        knots.append((x, float(y)))
    return tuple(knots)


def brute(problem: Problem) -> Worth | None:
    """The best of all sets of options that keep every promise, by trying each."""
    best: Worth | None = None
    names = list(problem.systems)
    for options in product(*(problem.systems[name].allowed() for name in names)):
        found = worth(problem, dict(zip(names, options, strict=True)))
        fits = problem.budget is None or found.outlay <= problem.budget + 1e-6
        if not found.late and fits and (best is None or found.total < best.total):
            best = found
    return best


def dearer(problem: Problem, times: float) -> Problem:
    """The same firm, to which each stop costs so many times as much."""
    groups = {
        name: replace(
            group,
            stops=tuple(
                stop and replace(stop, cost=tuple((x, y * times) for x, y in stop.cost)) for stop in group.stops
            ),
        )
        for name, group in problem.groups.items()
    }
    return replace(problem, groups=groups)


def tighter(problem: Problem, share: float) -> Problem:
    """The same firm, that promises to be back sooner."""
    groups = {
        name: replace(
            group, stops=tuple(stop and replace(stop, may_last_s=stop.may_last_s * share) for stop in group.stops)
        )
        for name, group in problem.groups.items()
    }
    return replace(problem, groups=groups)
