# SPDX-License-Identifier: Apache-2.0
"""Copies exist for all that can be lost, reach back far enough, and are not in the same hands."""

from __future__ import annotations

from collections.abc import Iterator

from bascule.diagnostics import Diagnostic
from bascule.policy import Policy, Risk, System
from bascule.rules.reach import touched
from bascule.values import duration_text

# Methods that repeat damage at once; every other one keeps history.
LIVE = frozenset({"streaming"})
# Modes of a risk in which the newest copy may be as bad as the original.
DAMAGING = frozenset({"compromise", "corruption"})


def keeps_history(system: System) -> bool:
    """Given a system, return whether one of its copies can be taken back to an earlier moment."""
    return any(copy.by not in LIVE for copy in system.protect)


def copied(policy: Policy, system: System) -> System:
    """Given a policy and one of its systems, return the one whose copies hold it: what it runs inside, or itself."""
    return policy.systems[system.inside] if system.inside else system


def state_is_protected(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC321 for each service that keeps paths of which no copy is made."""
    for system in policy.systems.values():
        if isinstance(system.settings.get("state"), list) and not system.protect and not system.inside:
            what = f"`{system.id}` keeps state of which no copy is made"
            fix = "Add `protect: [{by: restic, every: 15m, keep: 30d, key: {secret: copies-key}}]`, or `state: none`."
            yield policy.source.finding("BC321", ("systems", system.id, "state"), what, fix, key=True)


def nothing_to_protect(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC322 for each service that keeps nothing and is protected all the same."""
    for system in policy.systems.values():
        if system.settings.get("state") == "none" and system.protect:
            fix = "Name the paths, `state: [/var/lib/…]`, or remove `protect`."
            what = f"`{system.id}` says that it keeps nothing, so there is nothing to copy"
            yield policy.source.finding("BC322", ("systems", system.id, "protect"), what, fix, key=True)


def methods_once(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC324 for each method that stands twice in a list."""
    for system in policy.systems.values():
        methods = [copy.by for copy in system.protect]
        for i, method in enumerate(methods):
            if method in methods[:i]:
                path = ("systems", system.id, "protect", i, "by")
                fix = "Keep the one with the shorter `every`; a system has one repository for each method."
                yield policy.source.finding("BC324", path, f"`{method}` stands in the list a second time", fix)


def kept_long_enough(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC326 for each copy that is deleted before the next one like it is made."""
    for system in policy.systems.values():
        for i, copy in enumerate(system.protect):
            period_s = copy.full_every_s or copy.every_s
            if copy.keep_s is None or period_s is None or copy.keep_s > period_s:
                continue
            key = "full_every" if copy.full_every_s else "every"
            period = duration_text(period_s)
            what = f"copies are kept for {duration_text(copy.keep_s)} and made every {period} (`{key}`)"
            fix = f"Keep them longer than {period}, for example `keep: {duration_text(period_s * 4)}`."
            yield policy.source.finding("BC326", ("systems", system.id, "protect", i, "keep"), what, fix)


def history_against_damage(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC314 for each system that a damaging risk touches and that has live copies only."""
    hit: dict[str, list[str]] = {}
    for risk in _damaging(policy):
        reach = touched(policy, risk.affects)
        for system in policy.systems.values():
            if system.protect and not keeps_history(system) and reach.sides(system):
                hit.setdefault(system.id, []).append(f"`{risk.id}`")
    for id_, risks in hit.items():
        what = f"a live copy repeats at once the damage that {', '.join(risks)} does, and there is no older copy"
        fix = "Add a copy with history: `{by: pgbackrest, every: 1h, archive: 5m, full_every: 7d, keep: 30d, key: …}`."
        yield policy.source.finding("BC314", ("systems", id_, "protect"), what, fix, key=True)


def copies_out_of_reach(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC327 for each compromise that reaches a system and the machine where its copies are."""
    for risk in policy.risks.values():
        if risk.mode != "compromise":
            continue
        reach = touched(policy, risk.affects)
        # A system that was named itself says nothing of the standby machine, so only machines count here.
        both = [s.id for s in policy.systems.values() if s.protect and reach.machines >= set(s.runs_on.values())]
        if both:
            more = f" and {len(both) - 1} more" if len(both) > 1 else ""
            what = f"`{risk.id}` reaches `{both[0]}`{more} and the standby machine that keeps the copies"
            fix = "Use accounts and keys at the standby that are good for nothing at the primary."
            yield policy.source.finding("BC327", ("risks", risk.id, "affects"), what, fix, severity="warning")


def _damaging(policy: Policy) -> list[Risk]:
    return [risk for risk in policy.risks.values() if risk.mode in DAMAGING]


def consistent_moment(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC325 for each pair that is recovered to one moment although one of the two has no history."""
    for system in policy.systems.values():
        for i, other in enumerate(system.consistent_with):
            pair = (copied(policy, system), copied(policy, policy.systems[other]))
            without = [one.id for one in pair if not keeps_history(one)]
            if without:
                what = f"`{without[0]}` has no copies with history, so no moment can be chosen for both"
                fix = f"Add such a copy to `{without[0]}`, or remove `consistent_with`."
                yield policy.source.finding("BC325", ("systems", system.id, "consistent_with", i), what, fix)
