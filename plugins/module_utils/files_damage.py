# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies that cannot be read back whole: remembered, said, and what can be recovered instead."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import plain_time, restic_repository
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job

# How long a recovery that failed may look for an older copy that is whole, before it says what it knows.
LOOK_S = 300.0


def known(job: Job) -> dict[str, str]:
    """Copies that a recovery could not read back: identity and why."""
    return dict(job.state().get("damaged") or {})


def remember(job: Job, point: dict[str, Any], why: str) -> None:
    job.save(damaged={**known(job), point["id"]: why})


def absolve(job: Job, point: dict[str, Any]) -> None:
    """A copy that was read back whole is not damaged, whatever was found earlier."""
    left = {name: why for name, why in known(job).items() if name != point["id"]}
    if left != known(job):
        job.save(damaged=left or None)


def apart(job: Job, points: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Points that nobody found damaged, and those that somebody did."""
    bad = known(job)
    return [one for one in points if one["id"] not in bad], [one for one in points if one["id"] in bad]


def instead(job: Job, damaged: dict[str, Any], points: list[dict[str, Any]], limit_s: float = LOOK_S) -> str:
    """What can be recovered instead of a damaged copy, and what that loses; older copies are read to be sure."""
    end = time.monotonic() + limit_s
    there = f"in {restic_repository.where(job)}" if job.in_bucket else f"on {job.machine}"
    # Who writes to a bucket can put something over a copy, and what was there stays as an older version.
    look = f"the older versions in {restic_repository.where(job)}" if job.in_bucket else f"the disk of {job.machine}"
    older = [one for one in points if one["at"] < damaged["at"]]
    for one in older:
        sound = restic_repository.whole(job, one, max(1.0, end - time.monotonic()))
        if sound is None:
            return f"There was no time to read the older ones through. The next is {offered(damaged, one)}"
        if sound:
            return f"The newest one before it that is whole is {offered(damaged, one)}"
        remember(job, one, "it cannot be read to its end")
    if older:
        return f"None of the {len(older)} older ones can be read to its end either. Look at {look}."
    return f"There is no older copy {there}."


def offered(damaged: dict[str, Any], one: dict[str, Any]) -> str:
    """An older point, what it costs, and how it is asked for."""
    older = plain_time.span(damaged["at"] - one["at"])
    return (f"{one['id']}, {older} older: what was written in between would be lost. "
            f"To take it: -e recovery_point={one['id']}.")


def sentence(job: Job, point: dict[str, Any], why: str) -> str:
    """That a copy is damaged, for the run that wanted to recover it."""
    return (f"The copy {point['id']} of {job.id}, made {plain_time.utc(point['at'])}, is damaged and was not put in "
            f"place; what was there is untouched. ({why}.)")
