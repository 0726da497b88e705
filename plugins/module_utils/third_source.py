# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On the standby machine: what lets the third place read a repository, and write one back where there is none."""

from __future__ import annotations

import os
import secrets as random
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_agents,
    machine_files,
    machine_forget,
    machine_run,
    machine_user,
    runtime_files,
)
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.third_job import Job

TOOLS = (("rrsync", "rsync (3.2.7 or later)"), ("sudo", "sudo"), ("sshd", "openssh-server"))
ID_FILE, HALF = "bascule-id", "bascule-half"
# What shows that a repository holds, or once held, copies.
SIGNS = ("config", "backup", "archive")


def let_in(job: Job, written: bool) -> None:
    """Let the key of the third place in, for this repository alone: to read it, or to write it."""
    problem = machine_run.lacking(job.machine, TOOLS)
    if problem:
        raise TroubleError(problem)
    if not os.path.isdir(f"{runtime_files.HOME}/{runtime_files.PACKAGE}") and not job.runtime:
        raise TroubleError(f"The agents are not on {job.machine} yet. Run dr-build.yml.")
    if job.runtime:
        job.did("agents", runtime_files.install(job.runtime))
    job.did("agents", machine_files.write(files_agents.LAUNCHER, files_agents.LAUNCHER_TEXT, mode=0o755))
    job.did("user bascule", machine_user.ensure())
    machine_files.folder(job.etc)
    config = {"policy": job.policy, "system": job.id, "tree": {"paths": [job.repository], "written": written}}
    job.did("settings", machine_files.write_json(job.setting("json"), config, mode=0o600))
    command = f"{files_agents.LAUNCHER} tree --config {job.setting('json')}"
    job.did("rule of sudo", machine_user.may_run(job.sudoers, command))
    key = job.peer.get("key")
    if not key:
        raise TroubleError(f"{job.third['machine']} did not say its key for {job.id}. Run the driver again.")
    line = machine_user.line(key, f"sudo -n {command}", str(job.third["address"]), job.mark)
    job.did("the third place is let in", machine_user.authorise(job.mark, line))


def open_(job: Job) -> dict[str, Any]:
    """Let the third place read the repository, and give that an identity of its own."""
    if not os.path.isdir(job.repository):
        raise TroubleError(f"{job.machine} has no copies of {job.id} that could be fetched. Run dr-build.yml.")
    name = f"{job.repository}/{ID_FILE}"
    if not machine_files.read(name).strip():
        job.did("identity", machine_files.write(name, f"{random.token_hex(16)}\n"))
    let_in(job, written=False)
    return {"evidence": {"gives": job.repository}}


def receive(job: Job) -> dict[str, Any]:
    """Let the third place write the repository, where this machine has none or a half one; facts: `wanted`."""
    half = os.path.exists(f"{job.repository}/{HALF}")
    present = [sign for sign in SIGNS if os.path.exists(f"{job.repository}/{sign}")]
    if present and not half:
        return {"facts": {"wanted": False}, "evidence": {"wanted": False, "why": "the machine has its copies"}}
    machine_files.folder(job.repository, mode=0o700)
    machine_files.write(f"{job.repository}/{HALF}", "Copies are being brought from the third place.\n")
    let_in(job, written=True)
    return {"facts": {"wanted": True}, "evidence": {"wanted": True, "repository": job.repository}}


def settle(job: Job) -> dict[str, Any]:
    """After all has arrived: the repository counts, and the third place may only read it again."""
    if not machine_files.read(f"{job.repository}/{ID_FILE}").strip():
        raise TroubleError(f"The copies of {job.id} did not arrive whole on {job.machine}. Start the driver again.")
    job.did("repository", machine_files.remove(f"{job.repository}/{HALF}"))
    let_in(job, written=False)
    return {"evidence": {"received": job.repository}}


def forget(job: Job) -> dict[str, Any]:
    """Shut the third place out. The repository itself belongs to the protection, which forgets it."""
    job.did("key", machine_user.authorise(job.mark, ""))
    job.did("rule of sudo", machine_user.may_run(job.sudoers, ""))
    job.did("settings", machine_files.remove(job.setting("json")))
    job.did("identity", machine_files.remove(f"{job.repository}/{ID_FILE}"))
    machine_files.remove_if_empty(job.etc)
    changed, _rest = machine_forget.shared()
    job.did("agents and the user bascule", changed)
    left = [place for place in (job.setting("json"), f"{machine_user.SUDOERS}/{job.sudoers}") if os.path.exists(place)]
    keys = machine_files.read(machine_user.AUTHORIZED)
    return {"evidence": {"left": left + [machine_user.AUTHORIZED for mark in (job.mark,) if mark in keys]}}
