# SPDX-License-Identifier: Apache-2.0
"""The cheapest set of options that keeps every promise, as a mixed-integer program: a way for each group, shared items
once, the budget. Groups of which not all ways can be tried take part with their systems and times (`chains`).

Some items make everybody wait. How long is one number for all, so it is tried: nobody waits, or at most so long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bascule.choice.chains import add_chains, next_cut
from bascule.choice.designs import Design, designs
from bascule.choice.problem import Group, Option, Problem, Worth, in_use, worth
from bascule.choice.reduce import Kept, kept_options
from bascule.choice.solver import LIMIT_S, Program, solve

Chosen = Mapping[str, Option]
# By group: its ways, None where there are too many to try; by group and scenario: where the cost of a stop is cut.
Ways = Mapping[str, tuple[Design, ...] | None]
Cuts = dict[str, dict[int, set[float]]]
# So often costs are cut before the gap that is left is told instead.
_ROUNDS = 12
_PROVEN = 1e-9


@dataclass(frozen=True)
class Choice:
    """An option for each system, what that is worth, and by which share it could at most be dearer than the best."""

    options: Chosen
    worth: Worth
    gap: float


@dataclass
class Written:
    """A program with the meaning of its columns: ways by group, else options by system, and items."""

    program: Program = field(default_factory=Program)
    ways: dict[str, list[tuple[int, Design]]] = field(default_factory=dict)
    options: dict[tuple[str, str], int] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    outlay: dict[int, float] = field(default_factory=dict)


def cheapest(problem: Problem, but: Chosen | None = None, limit_s: float = LIMIT_S) -> Choice | None:
    """Given a problem, return the cheapest set of options that keeps every promise and is not ``but``; None when there
    is none. Raise NoSolver, OutOfTime.
    """
    problem = _whole(problem)
    delays = sorted({0.0, *(item.delay_s for item in problem.items.values())})
    found = [_cheapest(problem, but, delay_s, limit_s) for delay_s in delays]
    best = min((one for one in found if one), key=lambda one: one.worth.total, default=None)
    if best is None:
        return None
    # Each was proven on its own: none of the others can hide a better one than it says.
    bound = min(one.worth.total * (1 - one.gap) for one in found if one)
    return replace(best, gap=max(0.0, best.worth.total - bound) / max(1.0, best.worth.total))


def _whole(problem: Problem) -> Problem:
    """Return the problem with a group of its own for each system that no activity moves."""
    held = {name for group in problem.groups.values() for name in group.systems}
    scenarios = max((len(group.stops) for group in problem.groups.values()), default=0)
    alone = {f"alone {name}": Group((name,), (None,) * scenarios) for name in problem.systems if name not in held}
    return replace(problem, groups={**problem.groups, **alone}) if alone else problem


def _cheapest(problem: Problem, but: Chosen | None, delay_s: float, limit_s: float) -> Choice | None:
    cuts: Cuts = {}
    kept = _kept(problem, but is None, delay_s)
    ways = _ways(problem, kept, delay_s, spare=int(but is not None))
    best: Choice | None = None
    for _ in range(_ROUNDS):
        written = _write(problem, but, kept, ways, delay_s, cuts)
        solved = solve(written.program, limit_s) if written else None
        if written is None or solved is None:
            return best
        chosen = _read(problem, written, kept, solved.values)
        found = worth(problem, chosen)
        if best is None or found.total < best.worth.total:
            best = Choice(chosen, found, 0.0)
        # What was solved is nowhere above the true problem, so what it proves holds there too.
        best = replace(best, gap=max(0.0, best.worth.total - solved.bound) / max(1.0, best.worth.total))
        if best.gap < _PROVEN or not _cut(problem, ways, found, cuts):
            break
    return best


def _cut(problem: Problem, ways: Ways, found: Worth, cuts: Cuts) -> bool:
    """Add cuts where costs were taken too low in an answer; return whether there was one to add."""
    added = False
    for name, group in problem.groups.items():
        for index, stop in enumerate(group.stops if ways[name] is None else ()):
            known = cuts.setdefault(name, {}).setdefault(index, set())
            cut = next_cut(stop, found.lasts_s[name][index], known) if stop else None
            if cut is not None:
                known.add(cut)
                added = True
    return added


def _ways(problem: Problem, kept: Kept, delay_s: float, spare: int) -> Ways:
    """Return all ways of each group that may be worth it; None for one that has too many, none for a hopeless one."""
    if not all(kept.values()):
        return dict.fromkeys(problem.groups, ())
    return {name: designs(problem, group, kept, delay_s, spare) for name, group in problem.groups.items()}


def _write(problem: Problem, but: Chosen | None, kept: Kept, ways: Ways, delay_s: float, cuts: Cuts) -> Written | None:
    """Return the program; None when a group can be recovered in no way."""
    written = Written()
    written.items = {name: written.program.column(item.cost, high=1.0) for name, item in problem.items.items()}
    written.outlay = {written.items[name]: item.cost for name, item in problem.items.items()}
    for name, item in problem.items.items():
        for other in item.needs:
            written.program.row({written.items[name]: 1.0, written.items[other]: -1.0}, high=0.0)
    if not all(kept.values()):
        return None
    for name, group in problem.groups.items():
        found = ways[name]
        if found is None:
            where = (problem, written.program, written.options, written.items, written.outlay)
            if not add_chains(*where, group, kept, delay_s, cuts.get(name, {})):
                return None
        elif not _group(written, name, found):
            return None
    if problem.budget is not None:
        written.program.row(written.outlay, high=problem.budget)
    if but is not None:
        _exclude(problem, written, but)
    return written


def _kept(problem: Problem, thin: bool, delay_s: float) -> Kept:
    """Return, by system, the options that are left when nobody waits longer than ``delay_s``."""
    slow = {name for name in problem.items if _delay(problem, name) > delay_s}
    found = {}
    for name, system in problem.systems.items():
        quick = tuple(one for one in system.options if slow.isdisjoint(one.items))
        found[name] = kept_options(replace(system, options=quick), thin)
    return found


def _delay(problem: Problem, item: str) -> float:
    return max(problem.items[name].delay_s for name in in_use(problem, [item]))


def _group(written: Written, name: str, ways: Sequence[Design]) -> bool:
    """Add the ways of a group; return whether there is one."""
    program = written.program
    columns = [(program.column(way.total, high=1.0, whole=True), way) for way in ways]
    written.ways[name] = columns
    written.outlay |= {column: way.outlay for column, way in columns}
    program.row(dict.fromkeys((column for column, _ in columns), 1.0), 1.0, 1.0)
    for item in dict.fromkeys(item for _, way in columns for item in sorted(way.items)):
        using = {column: 1.0 for column, way in columns if item in way.items}
        program.row({**using, written.items[item]: -1.0}, high=0.0)
    return bool(columns)


def _exclude(problem: Problem, written: Written, but: Chosen) -> None:
    """Add that not everything is as in ``but``."""
    same: list[int | None] = []
    for name, group in problem.groups.items():
        if name in written.ways:
            same.append(next((column for column, way in written.ways[name] if _agrees(way.options, but)), None))
        else:
            same += [written.options.get((system, but[system].id)) for system in group.systems]
    columns = [column for column in same if column is not None]
    if len(columns) == len(same):
        written.program.row(dict.fromkeys(columns, 1.0), high=len(columns) - 1.0)


def _agrees(options: Chosen, other: Chosen) -> bool:
    return all(option.id == other[name].id for name, option in options.items())


def _read(problem: Problem, written: Written, kept: Kept, values: Sequence[float]) -> dict[str, Option]:
    chosen: dict[str, Option] = {}
    for columns in written.ways.values():
        chosen |= max(columns, key=lambda pair: values[pair[0]])[1].options
    for name in problem.systems:
        if name not in chosen:
            taken = {one.id: values[written.options[name, one.id]] for one in kept[name]}
            chosen[name] = max(kept[name], key=lambda one: taken[one.id])
    return {name: chosen[name] for name in problem.systems}
