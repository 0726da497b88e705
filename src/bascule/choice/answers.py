# SPDX-License-Identifier: Apache-2.0
"""The answers that a firm asks for: what is chosen, what comes next, what a promise costs, whether it is worth it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bascule.choice.firm import Firm
from bascule.choice.frontier import Point, alone, frontier, longest
from bascule.choice.problem import NEVER, Option, Problem, worth
from bascule.choice.program import Choice, cheapest
from bascule.choice.ways_out import Promise, WayOut, conflict, only, ways_out

# The interview's question: ten minutes, four hours, a day or two.
ASKED_S = (600.0, 4 * 3600.0, 2 * 86400.0)
# With more groups than these, what each promise costs is only asked for one of them.
MOST = 60


@dataclass(frozen=True)
class Relaxed:
    """A promise that is made less strict: to how many seconds, and what that saves a year in outlays of the firm."""

    to_s: float
    saves: float


@dataclass(frozen=True)
class Group:
    """Answers for one group. ``lasts_s``: how long it is stopped at most with what was chosen; ``outlay``: what
    that costs when it shares with nobody. ``break_even``: from which price of an hour on the next cheaper point does
    not pay. ``free``: what would be chosen for it if nothing were promised, and how much less that costs in all.
    """

    points: tuple[Point, ...]
    lasts_s: float
    outlay: float
    relaxed: Relaxed | None
    break_even: float | None
    free: Mapping[str, Option]
    free_saves: float


@dataclass(frozen=True)
class Answers:
    """All of it; ``choice`` is None when promises conflict: then ``stuck`` and ``out`` say which, and what to do."""

    choice: Choice | None
    second: Choice | None
    groups: Mapping[str, Group]
    stuck: tuple[Promise, ...] = ()
    out: tuple[WayOut, ...] = ()


def answers(firm: Firm, asked: Sequence[str] | None = None) -> Answers:
    """Given a firm, return the answers; those about single groups for ``asked``, by default for all of a small firm."""
    compiled, every = compilable(firm), firm.problem
    choice = cheapest(compiled)
    if choice is None:
        stuck = conflict(compiled)
        return Answers(None, None, {}, stuck, ways_out(compiled, stuck))
    names = asked if asked is not None else [*every.groups] if len(every.groups) <= MOST else []
    groups = {name: _group(firm, compiled, choice, name) for name in names}
    return Answers(choice, cheapest(compiled, but=choice.options), groups)


def compilable(firm: Firm) -> Problem:
    """Given a firm, return its problem with those options alone for which a folder can be compiled."""
    systems = {}
    for name, system in firm.problem.systems.items():
        by_hand = {one.way.id for one in firm.ways[name] if one.way.by_hand}
        systems[name] = replace(system, options=tuple(one for one in system.options if one.id not in by_hand))
    return replace(firm.problem, systems=systems)


def _group(firm: Firm, compiled: Problem, choice: Choice, name: str) -> Group:
    points = frontier(firm.problem, name)
    own = {system: choice.options[system] for system in compiled.groups[name].systems}
    bare = alone(firm.problem, name)
    here = worth(bare, own)
    lasts_s = longest(firm.problem.groups[name], here.lasts_s[name])
    slower = [point for point in points if point.lasts_s > lasts_s + 1 and point.outlay < here.outlay - 0.005]
    bearable_s = min(firm.model.activities[one].mtpd_s for one in firm.shape.groups[name])
    bearable = [point for point in slower if point.lasts_s <= bearable_s]
    following = max(slower, key=lambda point: point.outlay, default=None)
    free, saves = _free(firm.problem, name, own)
    return Group(
        points=points,
        lasts_s=lasts_s,
        outlay=round(here.outlay, 2),
        relaxed=_relaxed(compiled, choice, name, bearable),
        break_even=_break_even(firm, name, here.outlay, lasts_s, following),
        free=free,
        free_saves=saves,
    )


def _relaxed(compiled: Problem, choice: Choice, name: str, slower: Sequence[Point]) -> Relaxed | None:
    """Return the nearest weaker promise that saves money to the whole firm; None when none does."""
    for point in reversed(slower):
        group = compiled.groups[name]
        stops = tuple(
            stop and replace(stop, may_last_s=point.lasts_s if stop.may_last_s < NEVER else NEVER)
            for stop in group.stops
        )
        found = cheapest(replace(compiled, groups={**compiled.groups, name: replace(group, stops=stops)}))
        if found and found.worth.outlay < choice.worth.outlay - 0.005:
            lasts_s = longest(compiled.groups[name], found.worth.lasts_s[name])
            return Relaxed(lasts_s, round(choice.worth.outlay - found.worth.outlay, 2))
    return None


def _break_even(firm: Firm, name: str, outlay: float, lasts_s: float, following: Point | None) -> float | None:
    """Return the price of an hour of stop at which the chosen point and the next cheaper one cost the same."""
    stops = firm.problem.groups[name].stops
    often = sum(blow.struck.scenario.per_year or 0.0 for blow, stop in zip(firm.blows, stops, strict=True) if stop)
    if following is None or not often:
        return None
    return round((outlay - following.outlay) / (often * (following.lasts_s - lasts_s) / 3600), 2)


def _free(problem: Problem, name: str, own: Mapping[str, Option]) -> tuple[Mapping[str, Option], float]:
    """Return what a group alone would choose if nothing were promised, and how much cheaper that is in all."""
    group = problem.groups[name]
    bare = alone(problem, name)
    priced = replace(bare, groups={name: group})
    found = cheapest(only(priced, ()))
    if found is None:
        return own, 0.0
    return found.options, round(worth(priced, own).total - found.worth.total, 2)
