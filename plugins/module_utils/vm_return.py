# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps `demote`, `resync` and `compare` of a guest: stopping it where it is left, and bringing it home."""

from __future__ import annotations

import os
import time
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_agents,
    files_protect,
    files_return,
    machine_files,
    machine_run,
    vm_agents,
    vm_recover,
)
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.vm_job import Job

# A file of many gigabytes of which little differs: only that is sent. Layers in which the guest writes at the other
# side are written down into its images before the last pass. In that pass both images lie alike, and what changed is
# written where it belongs. Before it the clusters of an image may lie elsewhere in the old one: only a new file can
# take them from anywhere in that.
IN_PLACE = "--inplace"
RSYNC = ("rsync", "-a", "--no-whole-file", "--delete", "--timeout=600", "--stats", "--exclude=/run-*",
         "--exclude=*.new", "--exclude=*.old")


def demote(job: Job) -> dict[str, Any]:
    """Stop the guest here and take its release back; with `options.last`, copy it once more at the primary.

    `options.mode` is `hold`, `stop` or `release` (the run was given up). A standby that is held says what it has.
    """
    if job.options.get("mode") == "release":
        return vm_recover.already(job)
    files_agents.install_runtime(job)
    vm_agents.ensure(job)
    state = job.state()
    shipped = state.get("last") if state.get("demoted") else None
    last = bool(job.options.get("last")) and job.side == "primary" and not shipped
    if last:
        try_the_way(job)
    vm_agents.stand_down(job)
    with job.timed("stop"):
        job.ask("tidy", 14400)
        job.ask("retain")
        how = job.ask("stop", job.limit("stop_s", 120), force=True)
    job.did("guest stopped", how != "off already")
    if last:
        said = vm_agents.copy_now(job, job.limit("copy_s", 14400))
        shipped = {"id": said["snapshot"], "at": said["at"], "by": (job.copies or {})["by"]}
    gone = {"serving": job.other, "epoch": job.epoch()} if job.side == "primary" else {}
    job.save(demoted=job.run.get("id"), last=shipped, protecting=None, **gone)
    notes = [f"{job.guest} did not shut down on {job.machine} and was cut off."] if how == "cut off" else []
    facts = held(job) if job.options.get("mode") == "hold" and job.side == "standby" else {}
    return {"notes": notes, "facts": facts, "evidence": {"stopped": how, "last": shipped, "durations_s": job.durations}}


def try_the_way(job: Job) -> None:
    """Copy once while users still work: a link that is broken is found before anybody is kept from work."""
    try:
        vm_agents.copy_now(job, job.limit("copy_s", 14400))
    except TroubleError as trouble:
        raise TroubleError(f"{str(trouble).rstrip('.')}. Nothing was stopped: users go on at {job.machine}.") from None


def held(job: Job) -> dict[str, Any]:
    """What the standby has once its guest is off: everything is written down into its images, which have hashes."""
    with job.timed("commit"):
        laid = job.ask("commit", 86400)
    with job.timed("digest"):
        content = job.ask("content", 86400)
    return {"serves": job.serves_already(), "demoted": job.run.get("id"), "laid": laid, "content": content,
            "machine": job.machine}


def resync(job: Job) -> dict[str, Any]:
    """On the host that serves: let the images be read. On the other: bring them here, beside the guest's own.

    Passes before the last take the images under the running guest along; in the last one only what it wrote since is
    left. `options.final` is that one, after `hold`.
    """
    files_agents.install_runtime(job)
    if job.side == "standby":
        vm_agents.ensure(job)
        laid = job.ask("look")["laid"]
        facts = {"serves": job.serves_already(), "demoted": job.state().get("demoted"), "machine": job.machine,
                 "laid": laid}
        files_protect.let_tree_out(job, facts["serves"])
        return {"facts": facts, "evidence": {"gives": job.paths if facts["serves"] else []}}
    if not job.peer.get("serves") or files_return.took_over_from(job, job.peer.get("demoted")):
        return {"evidence": {"strategy": "already"}}
    vm_agents.ensure(job)
    vm_agents.stand_down(job)
    job.ask("retain")
    job.ask("stop", job.limit("stop_s", 120), force=True)
    with job.timed("keep"):
        job.ask("seed", 86400, laid=job.peer["laid"])
    final = bool(job.options.get("final"))
    with job.timed("resync"):
        received, whole = bring(job, final)
    job.save(resynced={"run": job.run.get("id"), "final": final, "at": round(time.time(), 3)},
             demoted=job.run.get("id"), serving="standby")
    evidence = {"final": final, "bytes": received, "whole_bytes": whole, "durations_s": job.durations}
    if final and job.peer.get("content"):
        compared = compare(job)
        return {**compared, "evidence": {**evidence, **compared["evidence"]}}
    return {"evidence": evidence}


def bring(job: Job, final: bool) -> tuple[int, int]:
    """Make the images here those of the other side, at last (`final`) or while its guest still runs.

    The bytes that were received, and how much there is.
    """
    machine_files.folder(job.target, mode=0o711)
    how = [*RSYNC, *([IN_PLACE] if final else []), "-e", f"ssh -F {job.names.setting('ssh_config')}"]
    argv = [*how, "--", "tree:0/", f"{job.target}/"]
    ended = machine_run.run(argv, limit_s=job.limit("resync_s", 86400))
    if ended.code not in (0, files_return.VANISHED):
        raise TroubleError(f"The images of {job.id} could not be brought to {job.machine}: {ended.reason}. Run "
                           "dr-failback.yml again.")
    figures = dict(line.split(": ", 1) for line in ended.out.splitlines() if ": " in line)
    job.did(job.target, files_return.number_in(figures.get("Number of regular files transferred", "0")) > 0)
    return files_return.moved(figures)


def compare(job: Job) -> dict[str, Any]:
    """Hash the images of this side; with those of the other in `peer`, fail and name what differs."""
    if job.side == "standby":
        facts = held(job)
        return {"facts": facts, "evidence": {"digest": facts["content"], "equal": None}}
    with job.timed("digest"):
        mine = job.ask("content", 86400, laid=job.peer.get("laid")) if os.path.isdir(job.target) else {}
    theirs = job.peer.get("content") or {}
    differing = sorted(name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name))
    if differing or not theirs:
        raise TroubleError(f"The images of {job.id} differ between {job.peer.get('machine')} and {job.machine}: "
                           f"{', '.join(differing[:5]) or 'nothing to compare with'}. Nothing was let go. Run "
                           "dr-failback.yml again.")
    return {"word": "data_correct", "facts": {"content": mine, "machine": job.machine},
            "evidence": {"digest": mine, "equal": True, "durations_s": job.durations}}
