# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a system that runs inside a guest: it is copied, stopped and brought home with that one, never twice.

What is left is to see whether it came back: from the host, at the guest's address, in the way that the policy says.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import files_status, machine_files, units_answers
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.vm_job import Job


def nothing(job: Job) -> dict[str, Any]:
    """Done by the guest."""
    return {"evidence": {"with": job.within}}


def points(job: Job) -> dict[str, Any]:
    """Its points are those of the guest."""
    return {"evidence": {"points": [], "lag_s": None, "with": job.within}}


def recover(job: Job) -> dict[str, Any]:
    """Wait until it answers; the guest was started before."""
    asked, evidence = job.settings.get("answers"), {"strategy": "with its guest", "with": job.within, "point": None}
    if not job.serves_already():
        machine_files.folder(job.names.var)
        job.take_over(demoted=None)
    if not asked:
        return {"word": "done", "evidence": {**evidence, "durations_s": {}}}
    with job.timed("answer"):
        units_answers.wait(asked, [job.address(job.side)], job.limit("answer_s", 900))
    return {"word": "answering", "evidence": {**evidence, "durations_s": job.durations}}


def demote(job: Job) -> dict[str, Any]:
    """It stops with the guest; who serves it is written down."""
    if job.options.get("mode") != "release" and job.side == "primary":
        job.save(demoted=job.run.get("id"), serving=job.other, epoch=job.epoch())
    facts = {"serves": job.serves_already(), "demoted": job.run.get("id")} if job.side == "standby" else {}
    return {"facts": facts, "evidence": {"with": job.within}}


def status(job: Job) -> dict[str, Any]:
    """Whether it answers where it is served."""
    problems, asked = [], job.settings.get("answers")
    if asked and files_status.copies_here(job):
        try:
            units_answers.wait(asked, [job.address(job.side)], 5, 3)
        except TroubleError as trouble:
            problems.append(f"{job.id} in {job.within}: {trouble}")
    return {"evidence": {"newest_at": None, "lag_s": None, "protected": True, "problems": problems, "versions": {},
                         "side": job.side, "with": job.within}}


def forget(job: Job) -> dict[str, Any]:
    """Only what is written down about it is ours."""
    for place in files_status.ours(job):
        job.did(place, machine_files.remove(place))
    for place in (f"{job.names.var}/state", job.names.var):
        machine_files.remove_if_empty(place)
    return {"evidence": {"left": files_status.ours(job), "changed": job.changes}}


STEPS: Mapping[str, Callable[[Job], dict[str, Any]]] = {
    "prepare": nothing, "protect": nothing, "points": points, "recover": recover, "demote": demote, "resync": nothing,
    "compare": nothing, "forget": forget, "status": status,
}  # fmt: skip
