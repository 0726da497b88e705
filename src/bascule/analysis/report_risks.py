# SPDX-License-Identifier: Apache-2.0
"""The risks of a model as JSON values: what each one stops, which copies are left, how long recovery takes, costs."""

from __future__ import annotations

from typing import Any

from bascule.analysis.model import Model
from bascule.analysis.outcome import RECOVERS, Outcome, outcome
from bascule.analysis.scenario import Struck, strike, touches_nothing
from bascule.analysis.upkeep import YEAR_DAYS, Stay, active_share
from bascule.codec import encode

Json = dict[str, Any]


def risks(model: Model) -> Json:
    """Given a model, return what each of its scenarios means."""
    return {name: _risk(model, name) for name in model.scenarios}


def _risk(model: Model, name: str) -> Json:
    scenario = model.scenarios[name]
    struck = strike(model, scenario)
    met = {id_: outcome(model, struck, activity) for id_, activity in model.activities.items()}
    return {
        **encode(scenario),
        "touches_nothing": touches_nothing(model, scenario),
        "damaged": sorted(struck.damaged),
        "copies": _copies(model, struck),
        "activities": {id_: _met(found) for id_, found in met.items()},
        "expected_per_year": _expected(scenario.per_year, list(met.values())),
    }


def _copies(model: Model, struck: Struck) -> Json:
    return {
        name: [{"id": one.copy.id, "at": one.copy.at, "age_s": one.age_s, "why": one.why} for one in left]
        for name, left in struck.left.items()
        if model.systems[name].keeps
    }


def _met(found: Outcome) -> Json:
    cost = found.cost
    return {
        "word": found.word,
        "lasts_s": found.lasts_s,
        "parts": [encode(part) for part in found.parts],
        "lost": encode(found.lost),
        "unsaved": list(found.unsaved),
        "because": list(found.because),
        "kept": None if found.kept is None else dict(found.kept),
        "amount": cost.amount if cost else None,
        "mean": cost.mean if cost else None,
        "levels": dict(cost.levels) if cost else {},
    }


def _expected(per_year: float | None, met: list[Outcome]) -> float | None:
    """Return what the stops of a scenario cost a year on average; None where nothing says how often, or how much."""
    means = [found.cost.mean for found in met if found.cost and found.cost.mean is not None]
    return None if per_year is None or not means else per_year * sum(means)


def standby(model: Model) -> Json:
    """Given a model, return the share of the year that is spent at the standby, from how often which risk sends the
    firm there and how long it lasts.
    """
    stays = []
    for scenario in model.scenarios.values():
        struck = strike(model, scenario)
        moved = any(outcome(model, struck, one).word == RECOVERS for one in model.activities.values())
        if moved and scenario.per_year and scenario.lasts_s:
            stays.append(Stay(scenario.per_year, scenario.lasts_s))
    share = active_share(stays)
    return {"active_share": share, "active_days_per_year": round(share * YEAR_DAYS, 2)}
