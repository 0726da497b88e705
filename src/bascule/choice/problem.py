# SPDX-License-Identifier: Apache-2.0
"""What is chosen from, as numbers alone: options of systems, things that several of them share, what a stop costs.

Amounts are of a year, times are seconds. Scenarios are counted from 0; a tuple "by scenario" has an entry for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

NEVER = float("inf")


@dataclass(frozen=True)
class Item:
    """A thing that options share and that is paid for once; ``needs`` are things that it stands on.

    ``delay_s``: for how long everybody waits before anything is recovered when this is in use.
    """

    cost: float
    delay_s: float = 0
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Option:
    """A way of recovering one system: its own cost, the items that it uses, and by scenario how long after the start it
    can begin at the earliest, how long it takes, and how much it loses.
    """

    id: str
    cost: float
    items: tuple[str, ...]
    waits_s: tuple[float, ...]
    takes_s: tuple[float, ...]
    loses_s: tuple[float, ...]


@dataclass(frozen=True)
class System:
    """Its options, the systems that it comes after, and by scenario the most that it may lose."""

    options: tuple[Option, ...]
    after: tuple[str, ...] = ()
    may_lose_s: tuple[float, ...] = ()

    def allowed(self) -> tuple[Option, ...]:
        """The options that lose no more than they may, in any scenario."""
        bounds = self.may_lose_s
        return tuple(
            one for one in self.options if all(lost <= most for lost, most in zip(one.loses_s, bounds, strict=False))
        )


@dataclass(frozen=True)
class Stop:
    """A stop of a group in one scenario: what it takes beside its systems, how long it may last, and what it costs a
    year on average by how long it lasts: knots (seconds, amount), linear between them, as steep as before beyond.
    """

    fixed_s: float
    may_last_s: float = NEVER
    cost: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 0.0))

    def at(self, lasts_s: float) -> float:
        """Given how long it lasts, return what it costs a year."""
        for (x0, y0), (x1, y1) in pairwise(self.cost):
            if lasts_s <= x1 or (x1, y1) == self.cost[-1]:
                return y0 + (y1 - y0) / (x1 - x0) * (lasts_s - x0)
        return self.cost[0][1]


@dataclass(frozen=True)
class Group:
    """Systems that move together, and by scenario what stopping means; None where it goes on."""

    systems: tuple[str, ...]
    stops: tuple[Stop | None, ...]


@dataclass(frozen=True)
class Problem:
    """All of it; systems stand in an order in which each comes after those that it waits for."""

    systems: Mapping[str, System]
    groups: Mapping[str, Group]
    items: Mapping[str, Item] = field(default_factory=dict)
    budget: float | None = None


@dataclass(frozen=True)
class Worth:
    """What a set of options is worth: outlays and expected cost of stops a year, the items in use, by group and
    scenario how long it is stopped (0 where it goes on), and which groups and systems break what they promise.
    """

    outlay: float
    expected: float
    items: tuple[str, ...]
    lasts_s: Mapping[str, tuple[float, ...]]
    late: tuple[tuple[str, int], ...]
    losing: tuple[str, ...]

    @property
    def total(self) -> float:
        """Outlays and expected cost together, which is what is made as small as possible."""
        return self.outlay + self.expected


def worth(problem: Problem, chosen: Mapping[str, Option]) -> Worth:
    """Given an option for each system, return what that is worth: by definition, without any solver."""
    items = in_use(problem, [name for option in chosen.values() for name in option.items])
    outlay = sum(option.cost for option in chosen.values()) + sum(problem.items[name].cost for name in items)
    delay_s = max((problem.items[name].delay_s for name in items), default=0.0)
    lasts_s = {name: _lasts(problem, group, chosen, delay_s) for name, group in problem.groups.items()}
    stops = [
        (name, index, stop, lasts_s[name][index])
        for name, group in problem.groups.items()
        for index, stop in enumerate(group.stops)
        if stop
    ]
    return Worth(
        outlay=outlay,
        expected=sum(stop.at(seconds) for _, _, stop, seconds in stops),
        items=items,
        lasts_s=lasts_s,
        late=tuple((name, index) for name, index, stop, seconds in stops if seconds > stop.may_last_s + 1e-6),
        losing=tuple(name for name, option in chosen.items() if option not in problem.systems[name].allowed()),
    )


def in_use(problem: Problem, names: list[str]) -> tuple[str, ...]:
    """Given items that are used, return them and all that they stand on, each once."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += problem.items[name].needs
    return tuple(sorted(found))


def _lasts(problem: Problem, group: Group, chosen: Mapping[str, Option], delay_s: float) -> tuple[float, ...]:
    found = []
    for index, stop in enumerate(group.stops):
        done: dict[str, float] = {}
        for name in group.systems if stop else ():
            option = chosen[name]
            before = max((done[other] for other in problem.systems[name].after if other in done), default=0.0)
            done[name] = max(before, delay_s, option.waits_s[index]) + option.takes_s[index]
        found.append(stop.fixed_s + max(done.values(), default=0.0) if stop else 0.0)
    return tuple(found)
