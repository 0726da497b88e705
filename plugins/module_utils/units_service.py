# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a service: those of its state, which is kept as files are, and those of its units."""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_protect,
    files_recover,
    files_return,
    files_status,
    machine_files,
    units_firm,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError


def prepare(job: Job) -> dict[str, Any]:
    """The units must be there after the firm's role ran; where the service is not to serve they do not run."""
    units_firm.must_exist(job)
    units_firm.remember(job)
    result = files_protect.prepare(job)
    if not job.serves and not job.serves_already() and job.side == "standby":
        units_firm.stop(job, job.limit("stop_s", 90))
    return {"facts": {}, **result}


def protect(job: Job) -> dict[str, Any]:
    """Copies of the state; units that do not run by themselves on the side that does not serve."""
    if not job.serves:
        units_firm.stop(job, job.limit("stop_s", 90))
        if job.copies is None:
            job.save(serving=job.other, epoch=job.epoch())
    return files_protect.protect(job)


def recover(job: Job) -> dict[str, Any]:
    """The state first, then the units in order, then the answer."""
    units_firm.must_exist(job)
    result = files_recover.recover(job, lambda: units_firm.stop(job, job.limit("stop_s", 90)))
    if job.copies is None:
        result["evidence"]["strategy"] = "already" if job.serves_already() else "started"
    before = len(job.changes)
    units_firm.start(job)
    started = job.changes[before:]
    if not job.serves_already():
        machine_files.folder(job.names.var)
        job.take_over(demoted=None)
        job.did("serves")
    word = units_firm.answers(job)
    evidence = {**result["evidence"], "units": units_firm.units(job), "changed": started, "durations_s": job.durations}
    return {"word": word, "evidence": evidence}


def demote(job: Job) -> dict[str, Any]:
    """Stop the units, then hold the state still; or, to take that back, the reverse."""
    if job.options.get("mode") == "release":
        result = files_return.demote(job)
        units_firm.start(job)
        return result
    with job.timed("stop"):
        units_firm.stop(job, job.limit("stop_s", 90))
    result = files_return.demote(job)
    if job.copies is None and job.side == "primary":
        job.save(demoted=job.run.get("id"), serving=job.other, epoch=job.epoch())
    evidence = {**result["evidence"], "stopped": units_firm.units(job), "durations_s": job.durations}
    # Without state to compare it is as stopped now as it can be: in this run nobody need ask again.
    whole = {"whole": True} if job.copies is None and job.side == "standby" else {}
    return {"facts": {**(result.get("facts") or {}), **whole}, "evidence": evidence}


def resync(job: Job) -> dict[str, Any]:
    """State only. Where it is brought to, nothing may run on it."""
    taken = job.side == "primary" and files_return.took_over_from(job, job.peer.get("demoted"))
    if job.side == "primary" and job.peer.get("serves") and not taken:
        units_firm.stop(job, job.limit("stop_s", 90))
        job.save(serving="standby")
    result = files_return.resync(job)
    if job.copies is None:
        known = {"serves": job.serves_already(), "demoted": job.state().get("demoted")}
        facts = known if job.side == "standby" else {}
        return {"facts": facts, "evidence": {"strategy": "nothing kept"}}
    return result


def status(job: Job) -> dict[str, Any]:
    """See `units_status.status`. Loaded only for it: it is half of what a step loads, and users may be waiting."""
    from ansible_collections.bascule.continuity.plugins.module_utils import units_status

    return units_status.status(job)


def forget(job: Job) -> dict[str, Any]:
    """The firm's units stay where its role put them; those of the primary start with the machine as before us."""
    if job.side == "standby" and job.state().get("serving") == "standby":
        raise TroubleError(f"{job.machine} serves {job.id}. Run dr-failback.yml first, then tear down.")
    if job.side == "primary":
        units_firm.restore_boot(job)
    else:
        units_firm.stop(job, job.limit("stop_s", 90))
    return files_status.forget(job)


STEPS = {
    "prepare": prepare, "protect": protect, "points": files_status.points, "recover": recover, "demote": demote,
    "resync": resync, "compare": files_return.compare, "forget": forget, "status": status,
}  # fmt: skip
