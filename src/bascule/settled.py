# SPDX-License-Identifier: Apache-2.0
"""Settle what a policy leaves open: `protect: auto` and `readiness: auto` follow from the choice among options.

What was written stays as it is written; only the options that agree with it take part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bascule.choice.decided import decided, settled_firm
from bascule.choice.firm import Firm
from bascule.choice.frontier import longest
from bascule.choice.program import Choice, cheapest
from bascule.choice.solver import NoSolver
from bascule.choice.ways_out import ALL, BUDGET, RPO, RTO, Promise, conflict, ways_out
from bascule.diagnostics import Diagnostic, Findings
from bascule.diagnostics import Path as JsonPath
from bascule.left_open import AUTO, Open, open_of, place
from bascule.policy import Policy
from bascule.price_files import NO_PRICES, Prices
from bascule.values import duration_text


def settle(policy: Policy, prices: Prices | None) -> Policy:
    """Given a policy whose references are right, and its prices, return it with nothing left open. Raise Findings when
    nothing can be chosen: no prices, no solver, or promises that conflict.
    """
    left = open_of(policy)
    at = place(policy, left)
    if prices is None:
        fix = f"{NO_PRICES}, or write what you want instead of `{AUTO}`."
        raise Findings([policy.source.finding("BC511", at, f"`{AUTO}` chooses by price, and there are no prices", fix)])
    firm = settled_firm(policy, prices.book, left)
    try:
        choice = cheapest(firm.problem)
        found = [] if choice else list(_conflicts(policy, firm))
    except NoSolver as error:
        fix = f"Install it, or write what you want instead of `{AUTO}`."
        raise Findings([policy.source.finding("BC511", at, str(error), fix)]) from error
    if choice is None:
        raise Findings(found)
    return replace(decided(policy, firm, choice, left), choice=_why(firm, choice, left))


def _why(firm: Firm, choice: Choice, left: Open) -> Mapping[str, object]:
    """Return what was chosen, for whom, and what for: the part of a plan that says why."""
    lasts = {name: longest(group, choice.worth.lasts_s[name]) for name, group in firm.problem.groups.items()}
    group_of = firm.shape.group_of
    systems = {}
    for name, option in choice.options.items():
        group = firm.problem.groups.get(group_of.get(name, ""))
        limits = [stop.may_last_s for stop in group.stops if stop] if group else []
        systems[name] = {
            "way": option.id,
            "auto": name in left.systems,
            "outlay": firm.way(name, option.id).alone,
            "stops_s": round(lasts.get(group_of.get(name, ""), 0.0), 1),
            "rto_s": min(limits, default=None),
            "loses_s": max((lost for lost in option.loses_s), default=0.0),
        }
    return {
        "systems": systems,
        "outlay": round(choice.worth.outlay, 2),
        "expected": round(choice.worth.expected, 2),
        "gap": choice.gap,
    }


def _conflicts(policy: Policy, firm: Firm) -> Iterator[Diagnostic]:
    """Yield BC512 at each promise of a smallest set that conflicts, with the cheapest ways out."""
    stuck = conflict(firm.problem)
    currency, out = policy.organisation.currency, []
    for way in ways_out(firm.problem, stuck):
        weaker = [_weaker(promise, to) for promise, to in zip(way.promises, way.becomes, strict=True)]
        out.append(f"{' and '.join(weaker)} (all costs {way.outlay:.0f} {currency} a year then)")
    fix = f"Promise {', or '.join(out)}." if out else "Weaken the promise, or mark the risk `accepted: true`."
    for promise in stuck:
        where = _where(policy, firm, promise)
        others = len(stuck) - 1
        beside = f" together with {others} more" if others else ""
        what = f"no option of its systems keeps this under every risk{beside}"
        yield policy.source.finding("BC512", where, what, fix)


def _weaker(promise: Promise, becomes: float) -> str:
    if promise.kind == BUDGET:
        return f"`{BUDGET}: {-int(-becomes // 1)}`"
    if promise.kind == ALL:
        return f"nothing for `{promise.of}`"
    return f"`{promise.kind}: {duration_text(_rounded(becomes))}` for `{promise.of}`"


def _where(policy: Policy, firm: Firm, promise: Promise) -> JsonPath:
    """Return where a promise stands: that of the activity that is strictest about it."""
    if promise.kind == RTO:
        members = firm.shape.groups[promise.of]
        name = min(members, key=lambda one: policy.activities[one].target.rto_s)
        return ("activities", name, "target", RTO)
    if promise.kind == RPO:
        members = tuple(one for one in policy.activities if promise.of in firm.shape.depends[one])
        name = min(members, key=lambda one: policy.activities[one].target.rpo_s)
        return ("activities", name, "target", RPO)
    return ("organisation", BUDGET)


def _rounded(seconds: float) -> int:
    return -(-int(seconds) // 60) * 60
