# SPDX-License-Identifier: Apache-2.0
"""A large group as rows of a program: an option for each system, when each is ready, how long the stop lasts, its cost.

Times are columns that can only be too long, never too short, and no cost falls with time: so at the best answer they
are right. A cost that is not convex is taken piece by piece, with one whole column a piece.
"""

from __future__ import annotations

from collections.abc import Iterator
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
) -> bool:
    """Add a group to a program and to its columns of options; return whether its promises can be kept at all."""
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
            lasts = _stopped(program, stop, low, min(high, stop.may_last_s))
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


def _stopped(program: Program, stop: Stop, low: float, high: float) -> dict[int, float]:
    """Add how long a stop lasts, between two bounds, and what that costs; return the terms that are its length."""
    knots = list(_within(stop, low, max(high, low + 1.0)))
    slopes = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(knots)]
    if all(before <= after + 1e-12 for before, after in pairwise(slopes)):
        lasts = program.column(low=low, high=max(high, low))
        cost = program.column(1.0)
        for (x0, y0), slope in zip(knots, slopes, strict=False):
            program.row({cost: 1.0, lasts: -slope}, low=y0 - slope * x0)
        return {lasts: 1.0}
    lengths, pieces = {}, {}
    for ((x0, y0), (x1, _)), slope in zip(pairwise(knots), slopes, strict=True):
        piece = program.column(y0 - slope * x0, high=1.0, whole=True)
        length = program.column(slope, high=x1)
        program.row({length: 1.0, piece: -x0}, low=0.0)
        program.row({length: 1.0, piece: -x1}, high=0.0)
        lengths[length], pieces[piece] = 1.0, 1.0
    program.row(pieces, 1.0, 1.0)
    return lengths


def _within(stop: Stop, low: float, high: float) -> Iterator[tuple[float, float]]:
    """Yield the knots of a cost between two lengths, both of these included."""
    yield low, stop.at(low)
    yield from ((x, y) for x, y in stop.cost if low < x < high)
    yield high, stop.at(high)
