# SPDX-License-Identifier: Apache-2.0
"""Every figure that an analysis uses and nobody declared: what it is of, where it comes from, which key replaces it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bascule.analysis import lines
from bascule.analysis.model import Model, System
from bascule.analysis.transfer import USABLE_SHARE
from bascule.assumptions import CHANGE_BYTES_PER_DAY, LATENT_H, RATES, SIZE_BYTES
from bascule.plan import Part
from bascule.policy import Policy

# Where a figure comes from: seen in rehearsals on small machines, agreed upon, taken as nothing for want of better, or
# attributed to a publication.
REHEARSED, AGREED, NOTHING, PUBLISHED = "rehearsed", "agreed", "nothing", "published"
# Parts of which the bytes are declared elsewhere, so that they are listed by what they are made of.
_OF_BYTES = frozenset({"restore", "replay", "fetch"})


@dataclass(frozen=True)
class Assumption:
    """A figure that nobody declared: what it is, of what, the value with its unit (``s``, ``B``, ``B/s``, …), and where
    it comes from. ``declare``: the key that would replace it, where there is one.
    """

    about: str
    of: str
    value: float
    unit: str
    source: str
    declare: str


def assumptions(policy: Policy, model: Model) -> tuple[Assumption, ...]:
    """Given a policy and its model, return what was assumed, each figure once."""
    steps = _steps(model.systems, (*model.before, *model.ending))
    found = [*_reactions(policy), *_work(policy), *_bytes(policy, model.systems), *_risks(policy), *steps]
    return tuple(dict.fromkeys(found))


def _reactions(policy: Policy) -> Iterator[Assumption]:
    for word, seconds in (("notice", policy.response.notice_s), ("decide", policy.response.decide_s)):
        if seconds is None:
            yield Assumption(word, "", 0, "s", NOTHING, f"response.{word}")
    if policy.drills is None or policy.drills.kind != "technical":
        yield Assumption("proof", "", 0, "", NOTHING, "drills")
    else:
        yield Assumption("latent", "", LATENT_H, "h", PUBLISHED, "")
    if not policy.accounts:
        yield Assumption("accounts", "", 0, "", NOTHING, "accounts")


def _work(policy: Policy) -> Iterator[Assumption]:
    for activity in policy.activities.values():
        at = f"activities.{activity.id}"
        if activity.hours is None and activity.impact:
            yield Assumption("hours", activity.id, 168, "h", AGREED, f"{at}.hours")
        if activity.need.mbco is None and activity.degraded:
            yield Assumption("mbco", activity.id, 0, "", NOTHING, f"{at}.need.mbco")
        if activity.degraded and activity.degraded.capacity is None:
            yield Assumption("capacity", activity.id, 0, "", NOTHING, f"{at}.degraded.capacity")
        if not any(point.amount is not None for point in activity.impact):
            yield Assumption("amounts", activity.id, 0, policy.organisation.currency, NOTHING, f"{at}.impact")
    if "currency" not in policy.source.data["organisation"]:
        yield Assumption("currency", policy.organisation.currency, 0, "", AGREED, "organisation.currency")


def _bytes(policy: Policy, systems: Mapping[str, System]) -> Iterator[Assumption]:
    for name, system in systems.items():
        written = policy.systems[name]
        if not system.copies:
            continue
        if written.size_bytes is None:
            yield Assumption("size", name, SIZE_BYTES, "B", AGREED, f"systems.{name}.size")
        if written.change_bytes_per_day is None:
            yield Assumption("change", name, CHANGE_BYTES_PER_DAY, "B/d", AGREED, f"systems.{name}.change")
        machine = policy.machines[written.runs_on["standby"]]
        restored = any(part.name == "restore" for copy in system.copies for part in copy.bring)
        if restored and machine.restores_bytes_per_s is None:
            at = f"sites.{machine.site}.machines.{machine.id}.restores"
            yield Assumption("restores", machine.id, RATES["restore"], "B/s", REHEARSED, at)
        if any(part.name == "replay" for copy in system.copies for part in copy.bring):
            yield Assumption("replay", "", RATES["replay"], "B/s", REHEARSED, "")
    yield from _lines(policy)


def _lines(policy: Policy) -> Iterator[Assumption]:
    for place in policy.copies.values():
        site = policy.machines[place.machine].site
        if lines.line(policy, site, "standby") is None:
            yield Assumption("line", f"{site} → standby", RATES["line"], "B/s", AGREED, "resources")
    if any(resource.line for resource in policy.resources.values()):
        yield Assumption("usable", "", USABLE_SHARE, "%", AGREED, "")


def _risks(policy: Policy) -> Iterator[Assumption]:
    for risk in policy.risks.values():
        if risk.per_year is None:
            yield Assumption("per_year", risk.id, 0, "/y", NOTHING, f"risks.{risk.id}.per_year")
        if risk.lasts_s is None:
            yield Assumption("lasts", risk.id, 0, "s", NOTHING, f"risks.{risk.id}.lasts")
        if risk.unseen_s is None and risk.mode in ("compromise", "corruption"):
            yield Assumption("unseen", risk.id, 0, "s", NOTHING, f"risks.{risk.id}.unseen")


def _steps(systems: Mapping[str, System], parts: Iterable[Part]) -> Iterator[Assumption]:
    used = [part for system in systems.values() for part in (*system.begin, *system.finish)]
    used += [part for system in systems.values() for copy in system.copies for part in copy.bring]
    for part in (*parts, *used):
        if part.source == "default" and part.name not in _OF_BYTES:
            yield Assumption("step", part.name, part.seconds, "s", REHEARSED, "")
