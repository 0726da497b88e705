# SPDX-License-Identifier: Apache-2.0
"""Options and choice of a policy as JSON values, under `schemas/options/v1.schema.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bascule import __version__
from bascule.analysis.assumed import assumptions
from bascule.analysis.firm import model_of
from bascule.choice.answers import ASKED_S, Answers, Group, answers
from bascule.choice.assumed import assumed
from bascule.choice.costs import Cost
from bascule.choice.firm import Firm, Priced, firm_of
from bascule.choice.frontier import Point, within
from bascule.choice.meets import RECOVERS
from bascule.choice.prices import PriceBook
from bascule.choice.problem import NEVER, Option
from bascule.choice.program import Choice
from bascule.codec import encode
from bascule.policy import Policy

SCHEMA = "bascule/options/v1"
Json = dict[str, Any]


def options(policy: Policy, book: PriceBook, activity: str | None = None) -> Json:
    """Given a policy without errors, its prices, and an activity or None for all, return its options and the choice.

    Raise NoSolver, OutOfTime, UnknownKind; KeyError when there is no such activity.
    """
    firm = firm_of(policy, book)
    group_of = {name: group for group, members in firm.shape.groups.items() for name in members}
    asked = None if activity is None else [group_of[activity]]
    found = answers(firm, asked)
    shown = [activity] if activity else list(policy.activities)
    systems = dict.fromkeys(name for one in shown for name in firm.shape.moves[group_of[one]])
    facts = policy.organisation
    return {
        "schema": SCHEMA,
        "bascule": __version__,
        "policy": {"id": policy.id, "name": dict(facts.name), "digest": policy.digest, "language": facts.language,
                   "currency": facts.currency},
        "choice": chosen(firm, found.choice),
        "second": _second(firm, found),
        "stuck": [encode(promise) for promise in found.stuck],
        "ways_out": [encode(way) for way in found.out],
        "helpless": {name: list(ids) for name, ids in firm.helpless.items() if ids},
        "activities": {name: _activity(firm, found, name, group_of[name]) for name in shown},
        "systems": {name: [_way(firm, found, name, one) for one in firm.ways[name]] for name in systems},
        "missing": _missing(firm),
        "assumed": [encode(one) for one in (*assumptions(policy, model_of(policy)), *assumed(policy, book, firm))],
    }  # fmt: skip


def chosen(firm: Firm, choice: Choice | None) -> Json | None:
    """Given a firm and a choice for it, return what is chosen, what it costs, and how well that is proven."""
    if choice is None:
        return None
    worth = choice.worth
    return {
        "systems": {name: option.id for name, option in choice.options.items()},
        "items": {name: firm.problem.items[name].cost for name in worth.items},
        "outlay": round(worth.outlay, 2),
        "expected": round(worth.expected, 2),
        "gap": choice.gap,
    }


def _second(firm: Firm, found: Answers) -> Json | None:
    if found.choice is None or found.second is None:
        return None
    differs = {
        name: option.id for name, option in found.second.options.items() if option.id != found.choice.options[name].id
    }
    more = found.second.worth.total - found.choice.worth.total
    return {"differs": differs, "outlay": round(found.second.worth.outlay, 2), "more": round(more, 2)}


def _activity(firm: Firm, found: Answers, name: str, group_id: str) -> Json:
    activity, group = firm.model.activities[name], found.groups.get(group_id)
    stakes = activity.stakes
    hour = stakes.worst(3600).amount if stakes.curve else None
    return {
        "name": dict(firm.policy.activities[name].name),
        "group": list(firm.shape.groups[group_id]),
        "target": {"rto_s": activity.rto_s, "rpo_s": activity.rpo_s},
        "need": {"mtpd_s": activity.mtpd_s, "pdma_s": activity.pdma_s},
        "hour": hour,
        **(_answered(firm, group) if group else {"asked": [], "points": [], "chosen": None}),
    }


def _answered(firm: Firm, group: Group) -> Json:
    return {
        "asked": [{"within_s": seconds, **_point(within(group.points, seconds))} for seconds in ASKED_S],
        "points": [_point(point) for point in group.points],
        "chosen": {
            "lasts_s": round(group.lasts_s, 1),
            "outlay": group.outlay,
            "relaxed": encode(group.relaxed),
            "break_even": group.break_even,
            "without_promise": _ids(group.free),
            "without_promise_saves": group.free_saves,
        },
    }


def _point(point: Point | None) -> Json:
    if point is None:
        return {"lasts_s": None, "outlay": None, "systems": {}}
    return {"lasts_s": round(point.lasts_s, 1), "outlay": point.outlay, "systems": _ids(point.options)}


def _ids(options: Mapping[str, Option]) -> Json:
    return {name: option.id for name, option in options.items()}


def _way(firm: Firm, found: Answers, system: str, priced: Priced) -> Json:
    way, chosen_id = priced.way, found.choice.options[system].id if found.choice else None
    met = {blow.id: one for blow, one in zip(firm.blows, priced.met, strict=True)}
    recovers = [one for one in priced.met if one.word == RECOVERS]
    slowest = max(recovers, key=lambda one: one.waits_s + one.takes_s, default=None)
    parts = (*way.waits, *slowest.parts) if slowest else ()
    loses = [one.loses_s for one in recovers if one.loses_s < NEVER]
    return {
        "way": way.id,
        "chosen": way.id == chosen_id,
        "by_hand": way.by_hand,
        "outlay": None if priced.missing else priced.alone,
        "per_active_day": round(sum(cost.per_day for cost in priced.costs), 2),
        "costs": [_cost(cost) for cost in priced.costs],
        "rto_s": round(sum(part.seconds for part in parts), 1) if slowest else None,
        "parts": [encode(part) for part in parts],
        "rpo_s": max(loses, default=None),
        "risks": {name: one.word for name, one in met.items()},
        "not_against": not_against(priced, list(met)),
    }


def not_against(priced: Priced, risks: Sequence[str]) -> list[str]:
    """Given a way and the risks of the policy, return those that it does not protect against."""
    return [name for name, one in zip(risks, priced.met, strict=True) if one.word != RECOVERS]


def _cost(cost: Cost) -> Json:
    return {
        "what": cost.what,
        "quantity": cost.quantity,
        "unit": cost.unit,
        "per_year": None if cost.per_year is None else round(cost.per_year, 2),
        "price": cost.line.id if cost.line else None,
        "as_of": cost.line.as_of.isoformat() if cost.line else None,
        "shared": cost.shared,
    }


def _missing(firm: Firm) -> list[str]:
    """Return what has no price and keeps a way from being chosen."""
    found = {cost.what for options in firm.ways.values() for one in options for cost in one.missing}
    return sorted(found)
