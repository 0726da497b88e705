# SPDX-License-Identifier: Apache-2.0
"""Promises that cannot all be kept: the smallest set that conflicts, and the cheapest ways out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from bascule.choice.frontier import longest
from bascule.choice.problem import NEVER, Problem
from bascule.choice.program import Choice, cheapest

RTO, RPO, BUDGET = "rto", "rpo", "budget"
# All that is promised of a group.
ALL = "all"
WAYS_SHOWN = 3
# Larger sets are looked for one promise at a time, and not at all among very many.
_TRIED, _FEW, _MANY = 3, 12, 60
# So many combinations of promises to be given up are tried.
_NODES = 40


@dataclass(frozen=True)
class Promise:
    """A bound: of a group (``rto``), of a system (``rpo``), of the whole (``budget``); or ``all`` those of a group."""

    kind: str
    of: str = ""


@dataclass(frozen=True)
class WayOut:
    """Promises that are weakened: what each would have to be, and what everything costs a year then."""

    promises: tuple[Promise, ...]
    becomes: tuple[float, ...]
    total: float
    outlay: float


def promises(problem: Problem) -> tuple[Promise, ...]:
    """Return all bounds of a problem."""
    late = [
        Promise(RTO, name)
        for name, group in problem.groups.items()
        if any(stop and stop.may_last_s < NEVER for stop in group.stops)
    ]
    losing = [
        Promise(RPO, name)
        for name, system in problem.systems.items()
        if any(most < NEVER for most in system.may_lose_s)
    ]
    return (*late, *losing, *((Promise(BUDGET),) if problem.budget is not None else ()))


def only(problem: Problem, kept: Sequence[Promise]) -> Problem:
    """Given a problem and the promises to be kept, return it without the others."""
    groups = {
        name: group
        if Promise(RTO, name) in kept
        else replace(group, stops=tuple(stop and replace(stop, may_last_s=NEVER) for stop in group.stops))
        for name, group in problem.groups.items()
    }
    systems = {
        name: system if Promise(RPO, name) in kept else replace(system, may_lose_s=(NEVER,) * len(system.may_lose_s))
        for name, system in problem.systems.items()
    }
    return replace(problem, groups=groups, systems=systems, budget=problem.budget if Promise(BUDGET) in kept else None)


def conflict(problem: Problem) -> tuple[Promise, ...]:
    """Given a problem without an answer, return a smallest set of promises that cannot be kept together.

    What has nothing to do with money conflicts within one group, so groups are asked one by one. What has is shared by
    all: then small sets are tried, and among many promises a set of which none can be left out is found.
    """
    for name in problem.groups:
        own = _of_group(problem, name)
        if cheapest(own) is None:
            return _smallest(own, promises(own))
    every = promises(problem)
    return _smallest(problem, every) if len(every) <= _FEW else _needed(problem, every)


def _of_group(problem: Problem, name: str) -> Problem:
    group = problem.groups[name]
    systems = {system: problem.systems[system] for system in group.systems}
    return replace(problem, systems=systems, groups={name: group}, budget=None)


def _smallest(problem: Problem, every: Sequence[Promise]) -> tuple[Promise, ...]:
    for size in range(1, min(_TRIED, len(every)) + 1):
        for few in combinations(every, size):
            if cheapest(only(problem, few)) is None:
                return few
    return _needed(problem, every)


def _needed(problem: Problem, every: Sequence[Promise]) -> tuple[Promise, ...]:
    """Return a set of promises that conflict, of which none can be left out."""
    left = list(every)
    for promise in every if len(every) <= _MANY else ():
        fewer = [other for other in left if other != promise]
        if cheapest(only(problem, fewer)) is None:
            left = fewer
    return tuple(left)


def ways_out(problem: Problem, stuck: Sequence[Promise]) -> tuple[WayOut, ...]:
    """Given a problem and promises that conflict in it, return the cheapest ways out, by what everything costs then.

    Where money is short, whole groups can be left without any promise; else one promise of the conflict must go, and
    where others still conflict then, one of these too. Nothing is given up that need not be.
    """
    found = _for_money(problem) if Promise(BUDGET) in stuck else _one_by_one(problem, stuck)
    return tuple(sorted(found, key=lambda way: way.total)[:WAYS_SHOWN])


def _one_by_one(problem: Problem, stuck: Sequence[Promise]) -> list[WayOut]:
    found: dict[frozenset[Promise], WayOut] = {}
    waiting: list[tuple[Promise, ...]] = [(promise,) for promise in stuck]
    for _ in range(_NODES):
        if not waiting:
            break
        gone = waiting.pop(0)
        if any(known <= set(gone) for known in found):
            continue
        loose = only(problem, [other for other in promises(problem) if other not in gone])
        choice = cheapest(loose)
        if choice:
            becomes = tuple(_becomes(problem, promise, choice) for promise in gone)
            found[frozenset(gone)] = WayOut(gone, becomes, choice.worth.total, choice.worth.outlay)
        elif len(gone) < _TRIED:
            waiting += [(*gone, promise) for promise in conflict(loose)]
    return list(found.values())


def _for_money(problem: Problem) -> list[WayOut]:
    """Return what more money would do, and which groups could go without any promise instead, as few as possible."""
    every = promises(problem)
    more = cheapest(only(problem, [promise for promise in every if promise.kind != BUDGET]))
    found = [WayOut((Promise(BUDGET),), (more.worth.outlay,), more.worth.total, more.worth.outlay)] if more else []
    names = list(problem.groups)
    for size in range(1, _TRIED + 1) if len(names) <= _FEW else (1,):
        for few in combinations(names, size):
            gone = {name for group in few for name in (group, *problem.groups[group].systems)}
            choice = cheapest(only(problem, [promise for promise in every if promise.of not in gone]))
            if choice:
                left = tuple(Promise(ALL, group) for group in few)
                found.append(WayOut(left, (0.0,) * size, choice.worth.total, choice.worth.outlay))
        if len(found) > 1:
            break
    return found


def _becomes(problem: Problem, promise: Promise, choice: Choice) -> float:
    """Return what a promise would have to be so that a choice keeps it."""
    if promise.kind == RTO:
        return longest(problem.groups[promise.of], choice.worth.lasts_s[promise.of])
    if promise.kind == RPO:
        return max(choice.options[promise.of].loses_s)
    return choice.worth.outlay
