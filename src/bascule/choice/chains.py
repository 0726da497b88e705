# SPDX-License-Identifier: Apache-2.0
"""A large group as rows of a program: an option for each system, when each is ready, how long the stop lasts, its cost.

Times are columns that can only be too long, never too short, and no cost falls with time: so at the best answer they
are right. A cost that is not convex is first taken as the largest convex one below it, which gives a bound; then it is
cut in two where the answer lies, until the bound and the answer meet. Most answers need few cuts, and cuts are dear.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from bascule.choice.problem import Group, Problem, Stop
from bascule.choice.reduce import EASE_S, Kept, spans
from bascule.choice.solver import Program


def add_chains(
    problem: Problem,
    program: Program,
    options: dict[tuple[str, str], int],
    items: dict[str, int],
    outlay: dict[int, float],
    group: Group,
    kept: Kept,
    delay_s: float,
    cuts: Mapping[int, Collection[float]],
) -> bool:
    """Add a group to a program and to its columns of options; return whether its promises can be kept at all. ``cuts``:
    by scenario, where the cost of its stop is cut.
    """
    for name in group.systems:
        columns = {one.id: program.column(one.cost, high=1.0, whole=True) for one in kept[name]}
        options.update({(name, id_): column for id_, column in columns.items()})
        outlay.update({columns[one.id]: one.cost for one in kept[name]})
        program.row(dict.fromkeys(columns.values(), 1.0), 1.0, 1.0)
        for item in dict.fromkeys(item for one in kept[name] for item in one.items):
            using = {columns[one.id]: 1.0 for one in kept[name] if item in one.items}
            program.row({**using, items[item]: -1.0}, high=0.0)
    for index, stop in enumerate(group.stops):
        if stop is None:
            continue
        low, high = spans(problem, kept, group, index, delay_s)
        if low > stop.may_last_s + EASE_S:
            return False
        if high > stop.may_last_s or stop.at(high) > stop.at(low):
            lasts = _stopped(program, stop, low, min(high, stop.may_last_s), cuts.get(index, ()))
            _times(problem, program, options, group, kept, index, delay_s, lasts)
    return True


def _times(
    problem: Problem,
    program: Program,
    options: dict[tuple[str, str], int],
    group: Group,
    kept: Kept,
    index: int,
    delay_s: float,
    lasts: dict[int, float],
) -> None:
    """Add when each system is ready in a scenario; ``lasts``: the terms that are the length of the stop."""
    stop, ready = group.stops[index], {name: program.column() for name in group.systems}
    waited = {other for name in group.systems for other in problem.systems[name].after}
    for name, column in ready.items():
        takes = {options[name, one.id]: -one.takes_s[index] for one in kept[name]}
        alone = {options[name, one.id]: -max(one.waits_s[index], delay_s) - one.takes_s[index] for one in kept[name]}
        program.row({column: 1.0, **alone}, low=0.0)
        for other in problem.systems[name].after:
            if other in ready:
                program.row({column: 1.0, ready[other]: -1.0, **takes}, low=0.0)
        if name not in waited:
            program.row({**lasts, column: -1.0}, low=stop.fixed_s if stop else 0.0)


def _stopped(program: Program, stop: Stop, low: float, high: float, cuts: Collection[float]) -> dict[int, float]:
    """Add how long a stop lasts, between two bounds, and at least what that costs: in each of the pieces between cuts,
    the largest convex cost that is nowhere above the true one. Return the terms that are its length.
    """
    inner = sorted(cut for cut in cuts if low < cut < high)
    bounds = list(pairwise([low, *inner, max(high, low + 1.0)]))
    lengths: dict[int, float] = {}
    pieces: dict[int, float] = {}
    cost = program.column(1.0)
    for begin, end in bounds:
        piece = program.column(high=1.0, whole=len(bounds) > 1)
        length, paid = program.column(high=end), program.column()
        program.row({length: 1.0, piece: -begin}, low=0.0)
        program.row({length: 1.0, piece: -end}, high=0.0)
        for slope, start in envelope(list(_within(stop, begin, end))):
            program.row({paid: 1.0, length: -slope, piece: -start}, low=0.0)
        program.row({cost: 1.0, paid: -1.0}, low=0.0)
        lengths[length], pieces[piece] = 1.0, 1.0
    program.row(pieces, 1.0, 1.0)
    return lengths


def envelope(knots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Given knots by rising length, return the lines (slope, amount at 0) of the largest convex cost below them."""
    hull: list[tuple[float, float]] = []
    for x, y in knots:
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) >= _slope(hull[-1], (x, y)):
            hull.pop()
        hull.append((x, y))
    return [(slope := _slope(one, other), one[1] - slope * one[0]) for one, other in pairwise(hull)]


def _slope(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (other[1] - one[1]) / (other[0] - one[0])


def next_cut(stop: Stop, lasts_s: float, cuts: Collection[float]) -> float | None:
    """Given a stop, how long it lasts in an answer and where its cost is cut already, return where to cut it next so
    that its cost is taken better there; None when it is right.
    """
    around = sorted({0.0, *cuts, stop.cost[-1][0]})
    begin = max((cut for cut in around if cut <= lasts_s), default=0.0)
    end = min((cut for cut in around if cut > lasts_s), default=stop.cost[-1][0])
    inside = [x for x, _ in stop.cost if begin < x < end]
    return min(inside, key=lambda x: abs(x - lasts_s), default=None)


def _within(stop: Stop, low: float, high: float) -> Iterator[tuple[float, float]]:
    """Yield the knots of a cost between two lengths, both of these included."""
    yield low, stop.at(low)
    yield from ((x, y) for x, y in stop.cost if low < x < high)
    yield high, stop.at(high)
