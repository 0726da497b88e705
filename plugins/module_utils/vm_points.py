# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery points of a guest: what there is, what was read back, what is damaged, and which one a recovery takes."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    machine_files,
    machine_run,
    plain_time,
    restic_repository,
)
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.vm_job import Job


def listed(job: Job) -> list[dict[str, Any]]:
    """Points, newest first: `{"id", "at", "by", "kind", "bytes", "verified", "consistent"}`. `at` is the moment that
    the disks are of; `verified` when it was read back whole, here or by the agent."""
    if not restic_repository.place(job).there(job):
        return []
    sentence = f"The copies of {job.id} on {job.machine} cannot be read"
    command = [*restic_repository.reading(job), "snapshots", "--json"]
    found = json.loads(machine_run.must(command, sentence, limit_s=120) or "[]") or []
    verified = {*(job.state().get("restored") or []), *(read_back(job).get("verified") or [])}
    points = []
    for entry in found:
        tags = dict(tag.partition("=")[::2] for tag in entry.get("tags") or [])
        at = float(tags.get("moment") or restic_repository.moment(entry["time"]))
        points.append({"id": entry["short_id"], "at": at, "by": (job.copies or {})["by"], "kind": "snapshot",
                       "bytes": None, "verified": entry["short_id"] in verified,
                       "consistent": tags.get("consistent", "crash")})
    return sorted(points, key=lambda point: float(point["at"]), reverse=True)


def read_back(job: Job) -> dict[str, Any]:
    """What the agent that reads copies back said last."""
    return machine_files.read_json(job.names.kept("forward.json"))


def damaged(job: Job) -> dict[str, str]:
    """Points that could not be read back, by identity, and why."""
    return {**(read_back(job).get("damaged") or {}), **(job.state().get("damaged") or {})}


def remember(job: Job, point: dict[str, Any], why: str) -> None:
    """A point that a recovery could not take."""
    job.save(damaged={**(job.state().get("damaged") or {}), point["id"]: why})


def candidates(job: Job) -> list[dict[str, Any]]:
    """Points that a recovery may take, best first. Raises TroubleError when there is none.

    Who names a copy gets that one or nothing. Else those that are known to be damaged are passed over.
    """
    points, asked = listed(job), str(job.run.get("point") or "") or None
    not_after = job.options.get("not_after")
    limit = float(not_after) if not_after not in (None, "") else None
    try:
        first = restic_repository.chosen(points, asked, limit, job.mode)
    except TroubleError as fault:
        raise TroubleError(f"{job.id}: {fault}") from None
    if asked and re.fullmatch(r"[0-9a-f]{8,64}", asked) and not re.fullmatch(r"\d{9,11}", asked):
        return [first]
    bad = damaged(job)
    sound = [point for point in points if point["at"] <= first["at"] and point["id"] not in bad]
    if not sound:
        newest = points[0]["id"]
        why = str(bad.get(newest) or "unknown").rstrip(".")
        raise TroubleError(f"No copy of {job.id} on {job.machine} can be read back; the newest, {newest}: {why}. Look "
                           "at its disk.")
    return sound


def passed_over(job: Job, taken: dict[str, Any]) -> list[str]:
    """A sentence about newer points that are damaged, and what is lost with them; empty when there are none."""
    bad = damaged(job)
    newer = [point for point in listed(job) if point["id"] in bad and point["at"] > taken["at"]]
    if not newer:
        return []
    names = ", ".join(point["id"] for point in newer[:3])
    older = plain_time.span(newer[0]["at"] - taken["at"])
    count = "1 newer copy" if len(newer) == 1 else f"{len(newer)} newer copies"
    return [f"{count} of {job.id} could not be read back ({names}: {str(bad[newer[0]['id']]).rstrip('.')}). "
            f"{taken['id']} was taken instead, {older} older: what was written in between is lost."]


def points(job: Job) -> dict[str, Any]:
    """Step `points`: the recovery points, newest first, and how far the newest that is whole lies back."""
    found, bad = listed(job), damaged(job)
    good = [point for point in found if point["id"] not in bad]
    lag = round(time.time() - good[0]["at"], 1) if good else None
    return {"evidence": {"points": good, "lag_s": lag, "damaged": [one["id"] for one in found if one["id"] in bad]}}
