# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step `recover` of a guest: this host becomes the one on which it runs."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_protect,
    machine_files,
    machine_run,
    units_answers,
    vm_agents,
    vm_points,
    vm_protect,
)
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.vm_job import DamagedError, Job


def recover(job: Job) -> dict[str, Any]:
    """Let the guest run here, from the newest copy that is whole; or say that it does already.

    At the primary nothing is read back: what `resync` brought in the same run is put in place.
    """
    if job.serves_already() and not (job.side == "standby" and another_point(job)):
        return already(job)
    return accept(job) if job.side == "primary" else restored(job)


def another_point(job: Job) -> bool:
    """Whether another point was asked for than the one that the guest runs from."""
    runs_from = (job.state().get("point") or {}).get("id")
    return bool(job.run.get("point")) and vm_points.candidates(job)[0]["id"] != runs_from


def already(job: Job) -> dict[str, Any]:
    """It serves since an earlier run; after a hold that led to nothing it is started again."""
    if job.state().get("demoted"):
        job.save(demoted=None, serving=job.side)
    word = run(job)
    state = job.state()
    return {"word": word, "evidence": {
        "strategy": "already", "since": state.get("since"), "run": state.get("run"), "point": state.get("point"),
        "heartbeat_at": state.get("heartbeat_at"), "durations_s": job.durations}}  # fmt: skip


def run(job: Job) -> str:
    """Release the guest here and start it; the strongest thing that was seen."""
    job.ask("release")
    with job.timed("start"):
        job.did("guest started", job.ask("start", job.limit("start_s", 120)) == "started")
    vm_agents.serve(job)
    return answers(job)


def answers(job: Job) -> str:
    """Wait until the guest answers at its address here, when the policy says how."""
    asked = job.settings.get("answers")
    if not asked:
        return "done"
    with job.timed("answer"):
        units_answers.wait(asked, [job.address(job.side)], job.limit("answer_s", 900))
    return "answering"


def restored(job: Job) -> dict[str, Any]:
    """The recovery proper, at the standby. What would keep the guest from running is said before anything is begun."""
    problems = vm_protect.standing_in_the_way(job)
    if problems:
        raise TroubleError(f"{job.id} cannot run on {job.machine}, and nothing was begun: {' '.join(problems)}")
    machine_run.run(["systemctl", "stop", "--", job.names.unit("prune")], limit_s=60)
    files_protect.let_copies_in(job, False)
    vm_agents.stand_down(job)
    vm_agents.read_back(job, False)
    if job.serves_already():
        job.ask("stop", job.limit("stop_s", 120), force=True)
    with machine_files.locked(job.names.kept("lock"), 60, f"A copy of {job.id}"):
        with job.timed("choose"):
            points = vm_points.candidates(job)
        taken, instant = laid(job, points)
        with job.timed("stand"):
            job.ask("stand", 300, about=job.about())
    notes = vm_points.passed_over(job, taken)
    if taken["consistent"] == "crash":
        notes.append(f"The copy {taken['id']} of {job.id} is as after a power cut: what runs inside checks its data.")
    shown = {key: taken[key] for key in ("id", "at", "by", "consistent")}
    job.take_over(point=shown, heartbeat_at=taken["at"], protecting=None, demoted=None, placed=True,
                  restored=sorted({*(job.state().get("restored") or []), taken["id"]}))
    word = run(job)
    job.did("restored")
    evidence = {"strategy": "instant" if instant else "restored", "point": shown, "heartbeat_at": taken["at"],
                "level": job.settings["levels"][job.side]["level"], "passed_over": list(vm_points.damaged(job)),
                "durations_s": job.durations}  # fmt: skip
    return {"word": word, "notes": notes, "evidence": evidence}


def laid(job: Job, points: list[dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Let the images of the best point lie here: the point, and whether they lay here already."""
    there = (job.ask("look")["laid"] or {}).get("id")
    for point in points:
        if point["id"] == there and not job.serves_already():
            return point, True
        try:
            with job.timed("restore"):
                job.ask("lay", job.limit("restore_s", 86400), point=point["id"])
        except DamagedError as why:
            vm_points.remember(job, point, str(why))
        else:
            return point, False
    names = ", ".join(point["id"] for point in points[:3])
    raise TroubleError(f"No copy of {job.id} could be read back ({names}); the first one: "
                       f"{vm_points.damaged(job)[points[0]['id']]} Look at the disk of {job.machine}, or choose "
                       "another point with -e recovery_point=.")


def accept(job: Job) -> dict[str, Any]:
    """The primary after `resync`: what it was sent is what the standby has, held still since."""
    brought = job.state().get("resynced") or {}
    if brought.get("run") != job.run.get("id") or not brought.get("final"):
        raise TroubleError(f"{job.id} was not brought back to {job.machine} in this run, so it must not serve there. "
                           "Run dr-failback.yml.")
    with job.timed("settle"):
        old = job.ask("settle", 600, about=job.about())["old"]
    point = {"id": "resync", "at": brought["at"], "by": "rsync"}
    done = {"demoted": None, "resynced": None, "protecting": None, "old": old or None}
    job.take_over(point=point, heartbeat_at=brought["at"], **done)
    word = run(job)
    # It runs from what is the same as at the other side: what it was before has no use any more.
    for file in old:
        job.did(file, machine_files.remove(file) if os.path.lexists(file) else False)
    job.save(old=None)
    job.did("serves")
    evidence = {"strategy": "resynced", "point": point, "heartbeat_at": brought["at"], "durations_s": job.durations}
    return {"word": word, "evidence": evidence}
