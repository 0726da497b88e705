# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps `prepare` and `protect` of a guest: what both hosts need, and copies from the side that serves."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_agents,
    files_protect,
    machine_files,
    machine_run,
    restic_repository,
    units_systemd,
    vm_agents,
)
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.vm_job import Job

# Program and the Debian package that brings it.
TOOLS = (("virsh", "libvirt-clients"), ("qemu-img", "qemu-utils"))
BLOCKS = (("virtnbdbackup", "virtnbdbackup"), ("virtnbdrestore", "virtnbdbackup"))


def missing(job: Job) -> list[str]:
    """One sentence about all programs that are missing, or nothing."""
    wanted = [*files_protect.TOOLS[job.side], *TOOLS, *(BLOCKS if (job.copies or {})["by"] == "changed-blocks" else ())]
    sentence = machine_run.lacking(job.machine, wanted)
    return [sentence] if sentence else []


def prepare(job: Job) -> dict[str, Any]:
    """Make this host able to copy the guest or to take it; `facts`: keys, and what the guest is made of."""
    problems = missing(job)
    if problems:
        raise TroubleError(" ".join(problems))
    files_agents.install_runtime(job)
    machine_files.folder(job.names.etc)
    machine_files.folder(job.names.var)
    job.did("key of the copies", restic_repository.ensure_password(job))
    facts: dict[str, Any] = {}
    if job.side == "primary":
        facts = files_protect.prepare_primary(job)["facts"]
    else:
        files_protect.prepare_standby(job)
    vm_agents.ensure(job)
    if job.serves and job.run.get("driver", "build") == "build":
        holds = described(job)
        job.did("what the guest is made of", job.state().get("holds") != holds)
        job.save(holds=holds)
        return {"facts": {**facts, "holds": holds}}
    if job.peer.get("holds"):
        job.save(holds=job.peer["holds"])
    problems = standing_in_the_way(job)
    if problems:
        raise TroubleError(f"{job.id} cannot be taken over by {job.machine}: {' '.join(problems)}")
    return {"facts": facts}


def described(job: Job) -> dict[str, Any]:
    """What the guest is made of, at the side that serves. Raises TroubleError when it is not there."""
    look = job.ask("look")
    if look["state"] == "absent":
        raise TroubleError(f"There is no guest {job.guest} on {job.machine}. Correct its name in the policy: "
                           "virsh list --all prints those that there are")
    return dict(job.ask("describe"))


def standing_in_the_way(job: Job) -> list[str]:
    """What would keep the guest from running on this host, as sentences; nothing when its make-up is not known yet."""
    holds = job.state().get("holds")
    return list(job.ask("problems", holds=holds, about=job.about())) if holds else []


def protect(job: Job) -> dict[str, Any]:
    """Let copies flow from the side that serves, wait for one, and let no host start the guest that was not told to."""
    files_agents.install_runtime(job)
    vm_agents.ensure(job)
    notes: list[str] = []
    if job.serves:
        # Before it is guarded: nothing lies between, in which it could not be started.
        job.did("guest is released", job.ask("release"))
    guard(job)
    if job.side == "standby":
        job.did("timer of pruning", units_systemd.run_always(job.names.unit("prune", "timer")))
        files_protect.let_copies_in(job, job.serving == "primary")
        if job.did("lock that nobody held", restic_repository.drop_dead_locks(job, alone=job.serves)):
            notes = [f"A lock that nobody holds was taken away from the copies of {job.id} on {job.machine}."]
        vm_agents.read_back(job, not job.serves)
        if not job.serves:
            return {**stand_by(job), "notes": notes}
    vm_agents.serve(job)
    point = first_point(job)
    if point["consistent"] == "crash":
        notes.append(f"Copies of {job.id} are as after a power cut: {point['why']}. Install qemu-guest-agent in it, so "
                     "that it writes everything out before.")
    return {"notes": notes, "evidence": {"point": point}}


def guard(job: Job) -> None:
    """Let the guest start only where it is released. A libvirt that runs since before the hook must read it."""
    said = job.ask("guard")
    if said["hook"]:
        machine_run.run(["systemctl", "try-restart", "libvirtd.service"], limit_s=60)
    job.did("guest is guarded", said["hook"] or said["guarded"])


def stand_by(job: Job) -> dict[str, Any]:
    """The standby that keeps copies: the guest does not run here, and nobody starts it."""
    if job.ask("look")["state"] == "running":
        raise TroubleError(f"{job.guest} runs on {job.machine}, which does not serve it. It was left alone: see which "
                           "of the two is the right one, and shut the other down")
    job.did("release taken back", job.ask("retain"))
    vm_agents.stand_down(job)
    files_protect.let_tree_out(job, False)
    job.save(serving="primary", epoch=job.epoch())
    return {"facts": {"repository": restic_repository.identity(job)}, "evidence": {"keeps": "copies of the primary"}}


def first_point(job: Job) -> dict[str, Any]:
    """The newest copy, made now unless there is a whole one that this side made not long ago."""
    said, every = files_agents.last_copy(job), float((job.copies or {})["every_s"])
    recent = said.get("result") == "ok" and float(said.get("started") or 0) > time.time() - 2 * every - 60
    into = job.peer.get("repository")
    if not (recent and job.state().get("protecting") and job.state().get("repository") == into):
        said = vm_agents.copy_now(job, job.limit("copy_s", 14400))
        job.save(protecting=True, serving=job.side, epoch=job.epoch(), repository=into)
    return {"id": said.get("snapshot"), "at": said.get("at"), "by": (job.copies or {})["by"],
            "bytes": said.get("bytes_total"), "bytes_added": said.get("bytes_added"), "how": said.get("how"),
            "consistent": said.get("consistent"), "why": said.get("why"), "mended": said.get("mended") or None}
