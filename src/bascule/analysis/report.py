# SPDX-License-Identifier: Apache-2.0
"""The whole analysis of a policy as JSON values, under `schemas/analysis/v1.schema.json`. Nodes are named `kind:id`."""

from __future__ import annotations

from typing import Any

from bascule import __version__
from bascule.analysis.assumed import assumptions
from bascule.analysis.basket import Basket, baskets
from bascule.analysis.cutsets import cut_sets
from bascule.analysis.deadlines import Deadline, deadlines
from bascule.analysis.fate import shared_fate
from bascule.analysis.firm import model_of
from bascule.analysis.model import Activity, Model
from bascule.analysis.report_copies import copies
from bascule.analysis.report_risks import risks, standby
from bascule.analysis.stakes import Stakes, Worst
from bascule.analysis.structure import stopped
from bascule.analysis.week import clock
from bascule.codec import encode
from bascule.policy import Policy

SCHEMA = "bascule/analysis/v1"
Json = dict[str, Any]
# How long a stop lasts for which its cost is shown, beside the promised and the longest bearable one: hours to a month.
LASTS_S = (3600, 4 * 3600, 8 * 3600, 86400, 2 * 86400, 3 * 86400, 7 * 86400, 30 * 86400)
# What several things can stand on.
BASKETS = ("host", "machine", "storage", "power", "network", "link", "other", "site")


def analyse(policy: Policy) -> Json:
    """Given a policy without errors, return its analysis. Raise UnknownKind for what this version lacks."""
    model = model_of(policy)
    found = _deadlines(model)
    tops = [f"activity:{name}" for name in model.activities]
    return {
        "schema": SCHEMA,
        "bascule": __version__,
        "policy": _facts(policy),
        "activities": {name: _activity(policy, model, name, found) for name in model.activities},
        "baskets": [_basket(basket) for basket in baskets(model.graph, found, BASKETS, ("copy",))],
        "shared_fate": [
            {**encode(one.group), "stops": [_id(top) for top in one.stops], "alone": list(one.alone)}
            for one in shared_fate(model.graph, model.groups, tops)
        ],
        "risks": risks(model),
        "standby": standby(model),
        "copies": copies(policy, model),
        "assumed": [encode(one) for one in assumptions(policy, model)],
        "graph": {name: encode(node) for name, node in model.graph.items()},
    }


def _deadlines(model: Model) -> dict[str, Deadline]:
    """Return when what is at the primary must be there so that nobody has to move, and all else so that they can."""
    home = deadlines(model.graph, [activity.serves for activity in model.activities.values()])
    away = deadlines(model.graph, [activity.recovers for activity in model.activities.values()])
    at_home = stopped(model.graph, ["site:primary"])
    found = {}
    for name in {**home, **away}:
        # What is at the primary cannot be waited for by a recovery that exists because the primary is gone.
        asking = [home] if name in at_home else [home, away]
        asked = [one[name] for one in asking if name in one]
        if asked:
            found[name] = min(asked, key=lambda deadline: deadline.by_s)
    return found


def _id(node: str) -> str:
    return node.partition(":")[2].partition("@")[0]


def _facts(policy: Policy) -> Json:
    firm = policy.organisation
    names = {"id": policy.id, "name": dict(firm.name), "digest": policy.digest}
    return {**names, "language": firm.language, "currency": firm.currency, "dmia_means": firm.dmia_means}


def _activity(policy: Policy, model: Model, name: str, found: dict[str, Deadline]) -> Json:
    activity, written = model.activities[name], policy.activities[name]
    sets = cut_sets(model.graph, f"activity:{name}")
    return {
        "name": dict(written.name),
        "need": {"mtpd": _mtpd(policy, activity, name), "pdma_s": activity.pdma_s, "mbco": written.need.mbco},
        "target": {"rto_s": activity.rto_s, "rpo_s": activity.rpo_s},
        "hours": written.hours,
        "fallback": _fallback(activity.stakes),
        "points": [encode(point) for point in activity.stakes.points],
        "curve": [list(knot) for knot in activity.stakes.curve.knots] if activity.stakes.curve else None,
        "stops": [_stop(activity.stakes.worst(lasts_s)) for lasts_s in _lasts(activity)],
        "recovery": _recovery(model, activity, found),
        "single_points": list(sets.single_points),
        "cut_sets": [list(one) for one in sets.sets],
        "complete_to": sets.complete_to,
    }


def _mtpd(policy: Policy, activity: Activity, name: str) -> Json:
    """Return the longest bearable stop: as declared or derived, and what follows from the impact in either case."""
    derived = activity.stakes.bearable
    source = "derived" if policy.activities[name].need.mtpd_s is None else "declared"
    follows = {"derived_s": derived.seconds, "derived_for": derived.category} if derived else {}
    return {"seconds": activity.mtpd_s, "source": source, "derived_s": None, "derived_for": None, **follows}


def _fallback(stakes: Stakes) -> Json | None:
    if stakes.fallback is None:
        return None
    enough = stakes.mbco is None or stakes.fallback.capacity >= stakes.mbco
    return {**encode(stakes.fallback), "keeps_minimum": enough, "holds_s": stakes.holds_s}


def _lasts(activity: Activity) -> list[float]:
    return sorted({*map(float, LASTS_S), activity.rto_s, activity.mtpd_s})


def _stop(worst: Worst) -> Json:
    return {**encode(worst), "start": clock(worst.start_s)}


def _recovery(model: Model, activity: Activity, found: dict[str, Deadline]) -> Json:
    """Return how long the recovery takes at the earliest, what is promised, and the chain that takes longest."""
    node = activity.recovers
    chain, ready = [node], {name: deadline.ready_s for name, deadline in found.items()}
    while below := [other for other in model.graph[chain[-1]].below if ready[other] > 0]:
        chain.append(max(below, key=lambda other: ready[other]))
    deadline = found[node]
    return {"ready_s": deadline.ready_s, "due_s": activity.rto_s, "slack_s": deadline.slack_s, "chain": chain}


def _basket(basket: Basket) -> Json:
    eggs = [{"id": egg.id, "by_s": egg.by_s, "chain": list(egg.chain)} for egg in basket.eggs]
    return {
        "id": basket.id,
        "kind": basket.kind,
        "by_s": basket.by_s,
        "chain": [*basket.imposed_by.chain, basket.id],
        "eggs": eggs,
        "without_s": basket.without_s,
        "gained_s": basket.gained_s,
    }
