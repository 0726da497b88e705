# SPDX-License-Identifier: Apache-2.0
"""What is promised is within what the business can bear, can be kept, and can be seen."""

from __future__ import annotations

from collections.abc import Iterator

from bascule.analysis.firm_stakes import points_of
from bascule.analysis.impact import OVERALL, UNACCEPTABLE, softer
from bascule.diagnostics import Diagnostic, Path
from bascule.policy import Policy, Protection, System
from bascule.protections import protection
from bascule.values import duration_text


def rto_within_mtpd(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC311 where the promised time is not shorter than the longest bearable interruption."""
    for activity in policy.activities.values():
        rto_s, mtpd_s = activity.target.rto_s, activity.mtpd_s
        if rto_s >= mtpd_s:
            what = f"`rto` {duration_text(rto_s)} is not shorter than `mtpd` {duration_text(mtpd_s)}"
            fix = f"Promise less than {duration_text(mtpd_s)}; deciding and noticing take time too."
            yield policy.source.finding("BC311", ("activities", activity.id, "target", "rto"), what, fix)


def rpo_within_pdma(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC312 where the promised loss is larger than the largest bearable one."""
    for activity in policy.activities.values():
        rpo_s, pdma_s = activity.target.rpo_s, activity.need.pdma_s
        if rpo_s > pdma_s:
            what = f"`rpo` {duration_text(rpo_s)} is longer than `pdma` {duration_text(pdma_s)}"
            fix = f"Promise at most {duration_text(pdma_s)}, and make copies that often."
            yield policy.source.finding("BC312", ("activities", activity.id, "target", "rpo"), what, fix)


def rpo_reached(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC313 for each activity and system below it whose best copy can be older than the activity promises."""
    bounds = {system.id: _best(policy, system) for system in policy.systems.values() if system.protect}
    for activity in policy.activities.values():
        rpo_s = activity.target.rpo_s
        for id_ in below(policy, activity.all_uses):
            if id_ not in bounds or bounds[id_][0] <= rpo_s:
                continue
            loss_s, copy = bounds[id_]
            what = f"`{id_}` can lose {duration_text(loss_s)} of data ({_computed(copy, loss_s)})"
            what += f", more than `rpo` {duration_text(rpo_s)}"
            fix = f"{_remedy(policy.systems[id_], copy, rpo_s - loss_s)}, or promise `rpo: {_rounded_up(loss_s)}`."
            yield policy.source.finding("BC313", ("activities", activity.id, "target", "rpo"), what, fix)


def _best(policy: Policy, system: System) -> tuple[float, Protection]:
    losses = []
    for copy in system.protect:
        kind = protection(copy.by)
        losses.append((kind.loss(kind.entry(policy.id, system, copy)).seconds, copy))
    return min(losses, key=lambda item: item[0])


def _computed(copy: Protection, loss_s: float) -> str:
    key = protection(copy.by).bounded_by
    written_s = getattr(copy, f"{key}_s") if key else None
    if written_s is None:
        return f"by {copy.by}"
    return f"`{key}` {duration_text(written_s)} and {duration_text(loss_s - written_s)} until the copy has arrived"


def _remedy(system: System, copy: Protection, spare_s: float) -> str:
    """Return what to write so that the loss is smaller by what is missing (``spare_s`` is negative)."""
    key = protection(copy.by).bounded_by or "every"
    live = "add `{by: streaming}`" if system.type == "postgresql" else ""
    period_s = int((getattr(copy, f"{key}_s") or 0) + spare_s)
    whole_s = period_s - period_s % 60 if period_s >= 60 else period_s
    shorter = f"write `{key}: {duration_text(whole_s)}` or less" if whole_s >= 30 else ""
    words = " or ".join(filter(None, (shorter, live))) or "copies of files cannot come that often"
    return words[0].upper() + words[1:]


def _rounded_up(seconds: float) -> str:
    minutes = -(-int(seconds) // 60)
    return duration_text(minutes * 60)


def below(policy: Policy, uses: tuple[str, ...]) -> list[str]:
    """Given systems that an activity uses, return them and all that they need or are consistent with, each once."""
    found = dict.fromkeys(uses)
    waiting = list(uses)
    while waiting:
        system = policy.systems[waiting.pop()]
        for id_ in (*system.all_needs, *system.consistent_with):
            if id_ not in found:
                found[id_] = None
                waiting.append(id_)
    return list(found)


def observed(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC315 when nobody asks whether the activities are usable."""
    if not policy.observers:
        what = "no observer asks whether the activities are usable; a run can say `data_correct` at most"
        fix = "Name a machine under `observers`, best one at neither site."
        yield policy.source.finding("BC315", ("activities",), what, fix, key=True, severity="warning")


def impact_grows(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC316 for each point of an impact that is not later, costs less, or is lighter than one before."""
    for activity in policy.activities.values():
        at: Path = ("activities", activity.id, "impact")
        most = 0.0
        for i, point in enumerate(activity.impact):
            later = i == 0 or point.after_s > activity.impact[i - 1].after_s
            if not later or (point.amount is not None and point.amount < most):
                what = "this point is not later than the one before, or costs less: the amounts are cumulated"
                fix = "Sort the points by `after`; each amount holds those before it."
                yield policy.source.finding("BC316", (*at, i), what, fix)
            most = max(most, point.amount or 0)
        for i, category in softer(points_of(activity)):
            key = ("level",) if category == OVERALL else ("levels", category)
            what = "this is lighter than at an earlier point; what an interruption did is not undone while it lasts"
            yield policy.source.finding("BC316", (*at, i, *key), what, "Write a level that is at least as grave.")


def mtpd_known(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC503 for each activity of which nothing says how long an interruption can be borne."""
    for activity in policy.activities.values():
        if activity.need.mtpd_s is None and activity.derived_mtpd_s is None:
            what = f"nothing says how long an interruption of `{activity.id}` can be borne"
            fix = "Write `mtpd` here, or give a point of `impact` the level `unacceptable`."
            yield policy.source.finding("BC503", ("activities", activity.id, "need"), what, fix, key=True)


def impact_fits_mtpd(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC318 where the impact is unacceptable before the longest bearable interruption is over."""
    for activity in policy.activities.values():
        for i, point in enumerate(activity.impact):
            mtpd_s = activity.need.mtpd_s
            if mtpd_s is not None and point.unacceptable and point.after_s < mtpd_s:
                mtpd = duration_text(mtpd_s)
                what = f"unacceptable after {duration_text(point.after_s)}, but `mtpd` says that {mtpd} can be borne"
                fix = f"Write `mtpd: {duration_text(point.after_s)}` or less, or another level here."
                key = "level" if point.level == UNACCEPTABLE else "levels"
                path = ("activities", activity.id, "impact", i, key)
                yield policy.source.finding("BC318", path, what, fix, severity="warning")


def degraded_lasts(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC317 where the way of working without systems ends before the activity is promised back."""
    for activity in policy.activities.values():
        limit_s = activity.degraded and activity.degraded.at_most_s
        if limit_s and limit_s < activity.target.rto_s:
            what = f"this can be kept up for {duration_text(limit_s)}, but the activity is promised back later"
            fix = f"Promise `rto: {duration_text(limit_s)}` or less, or find a procedure that lasts longer."
            path = ("activities", activity.id, "degraded", "at_most")
            yield policy.source.finding("BC317", path, what, fix, severity="warning")
