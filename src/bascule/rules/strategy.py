# SPDX-License-Identifier: Apache-2.0
"""What an analysis proves wrong: promises that no recovery can keep, risks that hit nothing, copies forgotten early."""

from __future__ import annotations

from collections.abc import Iterator

from bascule.analysis import lines
from bascule.analysis.deadlines import Broken, broken, deadlines
from bascule.analysis.firm import model_of
from bascule.analysis.model import Model
from bascule.analysis.scenario import strike, touches_nothing
from bascule.diagnostics import Diagnostic, Severity
from bascule.policy import Policy
from bascule.values import duration_text

_PARTS_SHOWN = 6


def analysed(policy: Policy) -> Iterator[Diagnostic]:
    """Yield what the analysis of a policy finds: BC504, BC505, BC506."""
    model = model_of(policy)
    yield from _promises(policy, model)
    for id_ in policy.risks:
        if touches_nothing(model, model.scenarios[id_]):
            what = f"`{id_}` touches nothing that an activity, or the recovery of one, depends on"
            fix = "Name what it would really hit, or remove it: a risk that changes nothing hides those that do."
            yield policy.source.finding("BC505", ("risks", id_, "affects"), what, fix, key=True, severity="warning")
    yield from _forgotten(policy, model)


def _promises(policy: Policy, model: Model) -> Iterator[Diagnostic]:
    for found in broken(model.graph, deadlines(model.graph)):
        id_ = found.top.removeprefix("activity:").partition("@")[0]
        parts = _parts(model, found)
        declared_s = sum(seconds for _, seconds, source in parts if source == "declared")
        largest = sorted(parts, key=lambda part: -part[1])[:_PARTS_SHOWN]
        made = ", ".join(f"{name} {duration_text(round(seconds))} ({source})" for name, seconds, source in largest)
        chain = " → ".join(f"`{node.partition(':')[2].partition('@')[0]}`" for node in found.chain)
        what = f"`rto` {duration_text(found.due_s)} cannot be kept: {duration_text(round(found.ready_s))} by {chain}"
        fix = f"Promise `rto: {_rounded_up(found.ready_s)}` or shorten what takes longest: {made}."
        # What was only assumed may be wrong; what was declared is not.
        severity: Severity = "error" if declared_s > found.due_s else "warning"
        path = ("activities", id_, "target", "rto")
        yield policy.source.finding("BC504", path, what, fix, severity=severity)


def _parts(model: Model, found: Broken) -> list[tuple[str, float, str]]:
    parts = [(part.name, part.seconds, part.source) for part in (*model.before, *model.ending)]
    for node in found.chain:
        name = node.removeprefix("system:").partition("@")[0]
        system = model.systems.get(name) if node.startswith("system:") else None
        if system:
            best = min(system.copies, key=lambda copy: copy.worst_loss_s, default=None)
            own = (*system.begin, *(best.bring if best else ()), *system.finish)
            parts += [(f"`{name}`: {part.name}", part.seconds, part.source) for part in own]
    return parts


def _forgotten(policy: Policy, model: Model) -> Iterator[Diagnostic]:
    for id_, scenario in model.scenarios.items():
        if not policy.risks[id_].unseen_s:
            continue
        struck = strike(model, scenario)
        for name in sorted(struck.damaged):
            left = struck.left[name]
            if any(one.why == "forgotten" for one in left) and all(one.age_s is None for one in left):
                unseen = duration_text(scenario.unseen_s)
                what = f"the damage of `{id_}` stays unseen for {unseen}, and no copy of `{name}` is kept that long"
                fix = f"Keep copies of `{name}` for longer than {unseen} and the time until the next one is made."
                path = ("risks", id_, "unseen")
                yield policy.source.finding("BC506", path, what, fix, severity="warning")


def currency_said(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC507 where amounts are given and nobody says in which currency."""
    organisation = policy.source.data["organisation"]
    amounts = any(point.amount for activity in policy.activities.values() for point in activity.impact)
    if amounts and "currency" not in organisation:
        what = f"amounts are given, and no currency; {policy.organisation.currency} is assumed"
        fix = f"Write `currency: {policy.organisation.currency}` under `organisation`, or another one."
        yield policy.source.finding("BC507", ("organisation",), what, fix, key=True, severity="warning")


def lines_carry(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC508 where more changes at the primary than the line to the standby can take."""
    protected = [system for system in policy.systems.values() if system.protect]
    found = lines.overfull(policy, "primary", "standby", protected)
    if found:
        pace, load = found
        what = (
            f"{load / 125_000:.0f} Mbit/s change at the primary, and `{pace.name}` carries {pace.usable / 125_000:.0f}"
        )
        fix = "Copies never catch up: take a faster line, or protect less of what changes."
        yield policy.source.finding("BC508", ("resources", pace.name, "speed"), what, fix)


def _rounded_up(seconds: float) -> str:
    """Return a duration that a person would promise: whole minutes, quarters of an hour, hours."""
    step = 60 if seconds < 3600 else 900 if seconds < 2 * 3600 else 3600
    return duration_text(-(-int(seconds) // step) * step)
