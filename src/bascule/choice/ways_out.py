# SPDX-License-Identifier: Apache-2.0
"""Promises that cannot all be kept: the smallest set that conflicts, and the cheapest ways out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from bascule.choice.frontier import longest
from bascule.choice.problem import NEVER, Problem
from bascule.choice.program import cheapest

RTO, RPO, BUDGET = "rto", "rpo", "budget"
WAYS_SHOWN = 3
# Larger sets are looked for one promise at a time.
_TRIED = 3


@dataclass(frozen=True)
class Promise:
    """A bound: of a group (``rto``), of a system (``rpo``), or of the whole (``budget``)."""

    kind: str
    of: str = ""


@dataclass(frozen=True)
class WayOut:
    """A promise that is given up for another: what it would have to be, and what everything costs a year then."""

    promise: Promise
    becomes: float
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
    """Given a problem without an answer, return a smallest set of promises that cannot be kept together."""
    every = promises(problem)
    for size in range(1, min(_TRIED, len(every)) + 1):
        for few in combinations(every, size):
            # Of the larger sets only those are tried that money joins; what is apart does not conflict otherwise.
            if (size == 1 or problem.budget is None or Promise(BUDGET) in few) and cheapest(only(problem, few)) is None:
                return few
    left = list(every)
    for promise in every:
        fewer = [other for other in left if other != promise]
        if cheapest(only(problem, fewer)) is None:
            left = fewer
    return tuple(left)


def ways_out(problem: Problem, stuck: Sequence[Promise]) -> tuple[WayOut, ...]:
    """Given a problem and promises that conflict in it, return the cheapest ways to give one of them up, by total."""
    found = sorted(_ways(problem, stuck), key=lambda way: way.total)
    return tuple(found[:WAYS_SHOWN])


def _ways(problem: Problem, stuck: Sequence[Promise]) -> Iterator[WayOut]:
    every = promises(problem)
    for promise in stuck:
        loose = only(problem, [other for other in every if other != promise])
        choice = cheapest(loose)
        if choice is None:
            continue
        becomes = choice.worth.outlay
        if promise.kind == RTO:
            becomes = longest(problem.groups[promise.of], choice.worth.lasts_s[promise.of])
        elif promise.kind == RPO:
            becomes = max(choice.options[promise.of].loses_s)
        yield WayOut(promise, becomes, choice.worth.total, choice.worth.outlay)
