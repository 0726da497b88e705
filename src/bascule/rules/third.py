# SPDX-License-Identifier: Apache-2.0
"""The third place is one, is at neither site, gets what can be lost, and a recovery can be run when both are gone."""

from __future__ import annotations

from collections.abc import Iterator

from bascule.diagnostics import Diagnostic
from bascule.policy import Policy
from bascule.rules.protection import keeps_history
from bascule.values import duration_text

_SITES = ("primary", "standby")


def one_place(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC371 for each machine after the first."""
    first, *others = [*policy.copies, ""]
    for id_ in (id_ for id_ in others if id_):
        what = f"`{first}` is the third place already; copies are fetched by one machine"
        fix = "Keep the one that is farther away, with room for all copies."
        yield policy.source.finding("BC371", ("copies", id_), what, fix, key=True)


def away_from_both(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC372 for a third place that is at one of the two sites."""
    for place in policy.copies.values():
        site = policy.machines[place.machine].site
        if site in _SITES:
            what = f"`{place.machine}` is at the site `{site}`, and what it keeps is lost with it"
            fix = "Name a machine of a third site, for example `third: {provider: hosts, machines: {outside: …}}`."
            yield policy.source.finding("BC372", ("copies", place.id), what, fix, key=True)


def kept_until_fetched(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC373 for a third place that forgets before it fetches again."""
    for place in policy.copies.values():
        if place.every_s and place.keep_s and place.keep_s <= place.every_s:
            every, keep = duration_text(place.every_s), duration_text(place.keep_s)
            what = f"what is gone at the standby is kept for {keep}, and `{place.id}` looks every {every}"
            fix = "Keep it for as long as damage may stay unseen, for example `keep: 30d`."
            yield policy.source.finding("BC373", ("copies", place.id, "keep"), what, fix)


def fetched_at_all(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC374 for each system that has live copies only, of which nothing comes to the third place."""
    for system in policy.systems.values():
        if policy.copies and system.protect and not keeps_history(system):
            what = f"nothing of `{system.id}` comes to the third place: a live copy cannot be fetched"
            fix = (
                "Add `{by: pgbackrest, every: 1h, archive: 5m, full_every: 7d, keep: 30d, key: {secret: copies-key}}`."
            )
            path = ("systems", system.id, "protect")
            yield policy.source.finding("BC374", path, what, fix, key=True, severity="warning")


def controller_survives(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC375 when copies survive both sites and no controller does."""
    if policy.copies and all(controller.at in _SITES for controller in policy.controllers.values()):
        place = policy.machines[next(iter(policy.copies))]
        what = "copies survive the loss of both sites, but nothing from which a recovery can be run"
        fix = f"Add a controller there: `third-box: {{at: {place.site}, machine: {place.id}}}`."
        yield policy.source.finding("BC375", ("controllers",), what, fix, key=True, severity="warning")
