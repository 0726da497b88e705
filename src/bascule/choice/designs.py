# SPDX-License-Identifier: Apache-2.0
"""All ways of recovering the systems of one group together that may be worth it, found by trying all combinations.

Of the ways that use the same shared items only the cheapest can be part of a best answer, whatever the curves of costs
look like; a way that costs more than one that uses less cannot either. What is left is small, however many there were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bascule.choice.problem import Group, Option, Problem, Stop
from bascule.choice.reduce import EASE_S, Kept, tails

Array = Any  # of floats or whole numbers; a row for each way, a column for each scenario
# More ways than these at once are not tried.
MOST = 10_000
# So many ways are thinned before the next system multiplies them.
_MANY = 2_000
_ITEMS = 60


@dataclass(frozen=True)
class Design:
    """An option for each system of a group: outlay and all that it costs a year, shared items apart; these items."""

    options: Mapping[str, Option]
    outlay: float
    total: float
    items: frozenset[str]


@dataclass(frozen=True)
class _Ways:
    """Ways so far: what each costs, its items as bits, its options by number, when its last ends are ready, and when
    those systems are that others still wait for.
    """

    cost: Array
    items: Array
    picks: Array
    ends: Array
    ready: Mapping[str, Array]

    def only(self, rows: Array) -> _Ways:
        ready = {name: times[rows] for name, times in self.ready.items()}
        return _Ways(self.cost[rows], self.items[rows], self.picks[rows], self.ends[rows], ready)


def designs(problem: Problem, group: Group, kept: Kept, delay_s: float, spare: int = 0) -> tuple[Design, ...] | None:
    """Given a group, the options that are left and how long everybody waits, return the ways that keep its promises and
    may be worth it; with ``spare``, so many more for each. None when there are too many to try.
    """
    names = sorted({name for system in group.systems for one in kept[system] for name in one.items})
    if len(names) > _ITEMS:
        return None
    bits = {name: 1 << at for at, name in enumerate(names)}
    stops = {index: stop for index, stop in enumerate(group.stops) if stop}
    ways = _Ways(np.zeros(1), np.zeros(1, np.int64), np.zeros((1, 0), np.int16), *_no_times(stops))
    for at, name in enumerate(group.systems):
        later = {other for one in group.systems[at + 1 :] for other in problem.systems[one].after}
        room = [
            stop.may_last_s - stop.fixed_s - tails(problem, kept, group, index)[name] for index, stop in stops.items()
        ]
        ways = _joined(problem, ways, name, kept[name], bits, list(stops), delay_s, later)
        fits = np.all((ways.ready.get(name, ways.ends)) <= np.array(room) + EASE_S, axis=1)
        ways = ways.only(np.nonzero(fits)[0])
        ways = replace(ways, ready={other: times for other, times in ways.ready.items() if other in later})
        following = len(kept[group.systems[at + 1]]) if at + 1 < len(group.systems) else 1
        if len(ways.cost) > _MANY:
            ways = ways.only(_unbeaten(ways, spare))
        if len(ways.cost) * following > MOST:
            return None
    return tuple(_worth_it(ways, group, kept, names, list(stops.values()), spare, problem.budget is not None))


def _no_times(stops: Mapping[int, Stop]) -> tuple[Array, dict[str, Array]]:
    return np.zeros((1, len(stops))), {}


def _joined(
    problem: Problem,
    ways: _Ways,
    name: str,
    options: Sequence[Option],
    bits: Mapping[str, int],
    scenarios: Sequence[int],
    delay_s: float,
    later: set[str],
) -> _Ways:
    """Return each way with each option of one more system."""
    count, many = len(ways.cost), len(options)
    before = np.zeros_like(ways.ends)
    for other in problem.systems[name].after:
        before = np.maximum(before, ways.ready[other]) if other in ways.ready else before
    waits = np.array([[max(one.waits_s[index], delay_s) for index in scenarios] for one in options]).reshape(
        many, len(scenarios)
    )
    takes = np.array([[one.takes_s[index] for index in scenarios] for one in options]).reshape(many, len(scenarios))
    done = (np.maximum(before[:, None, :], waits[None]) + takes[None]).reshape(count * many, len(scenarios))
    rows = np.repeat(np.arange(count), many)
    own = np.array([sum(bits[item] for item in one.items) for one in options], np.int64)
    grown = ways.only(rows)
    picks = np.concatenate([grown.picks, np.tile(np.arange(many, dtype=np.int16), count)[:, None]], axis=1)
    return _Ways(
        cost=grown.cost + np.tile([one.cost for one in options], count),
        items=grown.items | np.tile(own, count),
        picks=picks,
        ends=grown.ends if name in later else np.maximum(grown.ends, done),
        ready={**grown.ready, **({name: done} if name in later else {})},
    )


def _unbeaten(ways: _Ways, spare: int) -> Array:
    """Return the rows that are not beaten by more than ``spare`` others of the same items in cost and all times."""
    times = np.concatenate([ways.cost[:, None], ways.ends, *ways.ready.values()], axis=1)
    kept: list[int] = []
    for items in np.unique(ways.items):
        rows = np.nonzero(ways.items == items)[0]
        rows = rows[np.lexsort(times[rows].T[::-1])]
        left: list[int] = []
        for row in rows:
            beats = np.all(times[left] <= times[row], axis=1).sum() if left else 0
            if beats <= spare:
                left.append(int(row))
        kept += left
    return np.array(sorted(kept), np.int64)


def _worth_it(
    ways: _Ways, group: Group, kept: Kept, names: Sequence[str], stops: Sequence[Stop], spare: int, tight: bool
) -> Iterator[Design]:
    """Yield the cheapest ways for each set of items, but for those that cost more than one that uses less. With
    ``tight``, when money is short, a way of smaller outlay is worth it even where its stops cost more.
    """
    total = ways.cost.copy()
    for column, stop in enumerate(stops):
        total += _cost(stop, stop.fixed_s + ways.ends[:, column])
    found: list[tuple[int, float]] = []
    rows = np.argsort(total, kind="stable")
    if not spare and not tight:
        # Of those that use the same the first one beats all others, which most of them are.
        rows = rows[np.sort(np.unique(ways.items[rows], return_index=True)[1])]
    for row in rows:
        items, outlay = int(ways.items[row]), float(ways.cost[row])
        if sum(1 for other, spent in found if other & items == other and (not tight or spent <= outlay)) > spare:
            continue
        found.append((items, outlay))
        picks = ways.picks[row].tolist()
        options = {name: kept[name][number] for name, number in zip(group.systems, picks, strict=True)}
        used = frozenset(name for at, name in enumerate(names) if items >> at & 1)
        yield Design(options, outlay, float(total[row]), used)


def _cost(stop: Stop, lasts_s: Array) -> Array:
    """Return what stops of these lengths cost, as `Stop.at` does."""
    x, y = np.array(stop.cost).T
    steep = (y[-1] - y[-2]) / (x[-1] - x[-2]) if len(x) > 1 else 0.0
    return np.interp(lasts_s, x, y) + np.maximum(lasts_s - x[-1], 0) * steep
