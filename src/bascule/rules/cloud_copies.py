# SPDX-License-Identifier: Apache-2.0
"""Copies that go straight to a bucket, since the machine that would keep them is not there before it is needed."""

from __future__ import annotations

from collections.abc import Iterator

from bascule.cloud import built_late, built_sites
from bascule.diagnostics import Diagnostic
from bascule.policy import Policy, Site, System
from bascule.protections import IN_A_BUCKET
from bascule.rules.protection import LIVE

WRITER = "writer: {access_key: {secret: writer-id}, secret_key: {secret: writer-key}}"


def writers(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC420 for each site with a bucket to which nobody may write what a cold machine needs."""
    for site, cloud in built_sites(policy):
        needing = [system.id for system in policy.systems.values() if in_bucket(policy, system, site)]
        if needing and cloud.keep_s is not None and cloud.writer is None:
            more = f" and {len(needing) - 1} more" if len(needing) > 1 else ""
            what = f"nobody may write the copies of `{needing[0]}`{more} to the bucket"
            fix = f"Add `{WRITER}`, and declare the two secrets. The key itself is made after the first `dr-build.yml`."
            yield policy.source.finding("BC420", ("sites", site.id, "copies"), what, fix, key=True)


def databases(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC419 for each copy of a kind that cannot be written to a bucket, of a system on a cold machine."""
    late = built_late(policy)
    for system in policy.systems.values():
        machine = system.runs_on["standby"]
        for i, copy in enumerate(system.protect if machine in late else ()):
            if copy.by not in IN_A_BUCKET | LIVE:
                what = f"`{machine}` is `cold`, and {copy.by} cannot write to a bucket yet, so `{system.id}` has none"
                fix = f"Write `readiness: pilot` for `{machine}`: it then runs all the time and keeps the copies."
                yield policy.source.finding("BC419", ("systems", system.id, "protect", i, "by"), what, fix)


def not_fetched(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC374 for each system whose copies are in a bucket, of which nothing comes to the third place."""
    for site, _cloud in built_sites(policy):
        for system in policy.systems.values():
            if policy.copies and in_bucket(policy, system, site):
                what = f"nothing of `{system.id}` comes to the third place: its copies are in the bucket of `{site.id}`"
                fix = "That is a place of its own, which survives both sites' machines; or write `readiness: pilot`."
                path = ("systems", system.id, "protect")
                yield policy.source.finding("BC374", path, what, fix, key=True, severity="warning")


def in_bucket(policy: Policy, system: System, site: Site) -> bool:
    """Given a policy and a site that is built, return whether the copies of a system go to the site's bucket."""
    machine = system.runs_on["standby"]
    written = any(copy.by in IN_A_BUCKET for copy in system.protect)
    return written and machine in site.machines and machine in built_late(policy)
