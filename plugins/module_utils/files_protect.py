# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps `prepare` and `protect`: what both machines need, and copies from the side that serves."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_agents,
    files_swap,
    machine_files,
    machine_run,
    machine_user,
    restic_folder,
    restic_repository,
    units_systemd,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

# Program and the Debian package that brings it.
TOOLS = {
    "primary": (("restic", "restic"), ("rsync", "rsync"), ("ssh", "openssh-client"), ("ssh-keygen", "openssh-client")),
    "standby": (("restic", "restic"), ("rclone", "rclone"), ("rsync", "rsync"), ("rrsync", "rsync (3.2.7 or later)"),
                ("sudo", "sudo"), ("sshd", "openssh-server"), ("setpriv", "util-linux")),
}  # fmt: skip
ONLY_FOR_FOLDERS = frozenset({"rclone"})
LINK = """# Written by Bascule: how the other machine is reached for {system}.
Host copy tree
  HostName {address}
  Port {port}
  User {user}
""" + machine_user.AGENT_SSH + """\
Host copy
  IdentityFile {copy_key}
Host tree
  IdentityFile {tree_key}
"""


def missing(job: Job) -> list[str]:
    """One sentence about all programs that are missing, or nothing."""
    wanted = [tool for tool in TOOLS[job.side] if not (job.in_bucket and tool[0] in ONLY_FOR_FOLDERS)]
    sentence = machine_run.lacking(job.machine, wanted)
    return [sentence] if sentence else []


def strange_paths(job: Job) -> list[str]:
    """What is wrong with the trees at the side that serves: there the data must be."""
    problems, mounts = [], files_swap.mount_points()
    for path in job.paths:
        inner = files_swap.mounted_below(path, mounts)
        if not os.path.isdir(path):
            problems.append(f"{path} is no folder on {job.machine}. Make it, or correct the policy.")
        elif os.path.realpath(path) != path:
            problems.append(f"{path} leads through a symbolic link on {job.machine}: a copy would hold the link alone. "
                            f"Write {os.path.realpath(path)} in the policy.")
        if inner:
            problems.append(f"Other file systems are mounted in {path}: {', '.join(inner)}. "
                            "Name them as paths of their own.")
    return problems


def room(job: Job) -> list[str]:
    """Whether the standby can hold the copies and a restored tree beside the one that it has."""
    size = float(job.system.get("size_bytes") or 0)
    wanted = {os.path.dirname(path) for path in job.paths}
    if not job.in_bucket and not os.path.exists(f"{job.repository}/config"):
        wanted.add(os.path.dirname(job.repository))
    problems = []
    for place in sorted(wanted):
        while not os.path.isdir(place):
            place = os.path.dirname(place)
        free = shutil.disk_usage(place).free
        if free < size:
            problems.append(f"{place} on {job.machine} has {free / 1e9:.1f} GB free, {job.id} needs {size / 1e9:.1f}.")
    return problems


def prepare(job: Job) -> dict[str, Any]:
    """Make this machine able to copy or to keep copies; returns `facts`, keys that the other side lets in."""
    if job.copies is None:
        return {}
    holds_data = job.serves and job.run.get("driver", "build") == "build"
    problems = missing(job) + (strange_paths(job) if holds_data else []) + (room(job) if job.side == "standby" else [])
    if problems:
        raise TroubleError(" ".join(problems))
    files_agents.install_runtime(job)
    machine_files.folder(job.names.etc)
    machine_files.folder(job.names.var)
    job.did("key of the copies", restic_repository.ensure_password(job))
    peer = prepare_primary(job) if job.side == "primary" else prepare_standby(job)
    files_agents.ensure(job)
    return peer


def prepare_primary(job: Job) -> dict[str, Any]:
    """Keys of this machine and how it reaches the standby."""
    names = job.names
    keys = {}
    for key, name in (("copy_key", "key"), ("tree_key", "tree-key")):
        keys[key], made = machine_user.key(names.setting(name), names.mark(key))
        job.did(f"SSH {key}", made)
    hosts = job.options.get("known_hosts_lines") or []
    lines = hosts.splitlines() if isinstance(hosts, str) else [str(line) for line in hosts]
    text = "".join(f"{line.strip()}\n" for line in lines if line.strip())
    job.did("known hosts", machine_files.write(names.setting("known_hosts"), text, mode=0o600))
    link = LINK.format(
        system=job.id, address=job.machine_address("standby"), port=job.port("standby"), user=machine_user.USER,
        known_hosts=names.setting("known_hosts"), copy_key=names.setting("key"), tree_key=names.setting("tree-key"),
    )  # fmt: skip
    job.did("SSH settings", machine_files.write(names.setting("ssh_config"), link, mode=0o600))
    if job.in_bucket:
        job.did("repository", restic_repository.ensure_repository(job))
    return {"facts": keys}


def prepare_standby(job: Job) -> dict[str, Any]:
    """The user, the repository, and which keys may come; they are let in when copies or a return need them."""
    job.did("user bascule", machine_user.ensure())
    job.did("repository", restic_repository.ensure_repository(job))
    keys = {name: job.peer[name] for name in ("copy_key", "tree_key") if job.peer.get(name)}
    known = job.state()
    if any(known.get(name) != key for name, key in keys.items()):
        job.save(**keys)
        job.did("keys of the other side")
    return {"facts": {}}


def let_copies_in(job: Job, wanted: bool) -> None:
    """At the standby: let the primary's key add copies, or shut it out. In a bucket there is no such door."""
    if job.in_bucket:
        return
    key = job.state().get("copy_key")
    if wanted and not key:
        raise TroubleError(f"{job.machine} does not know the key of the primary for {job.id}. Run dr-build.yml.")
    mark = job.names.mark("copy")
    command, at = restic_folder.forced_command(job), job.machine_address("primary")
    line = machine_user.line(key, command, at, mark) if wanted else ""
    job.did("copies are let in" if wanted else "the primary is shut out", machine_user.authorise(mark, line))


def let_tree_out(job: Job, wanted: bool) -> None:
    """At the standby: let the primary's key read the trees, or no more."""
    key, mark = job.state().get("tree_key"), job.names.mark("tree")
    if wanted and not key:
        raise TroubleError(f"{job.machine} does not know the key of the primary for {job.id}. Run dr-failback.yml.")
    command = f"{files_agents.LAUNCHER} tree --config {job.names.setting('json')}"
    job.did("rule of sudo", machine_user.may_run(job.names.sudoers, command if wanted else ""))
    line = machine_user.line(key, f"sudo -n {command}", job.machine_address("primary"), mark) if wanted else ""
    job.did("reading the trees", machine_user.authorise(mark, line))


def protect(job: Job) -> dict[str, Any]:
    """Let copies flow from the side that serves, and wait for one that can be used."""
    if job.copies is None:
        return {}
    files_agents.install_runtime(job)
    notes: list[str] = []
    if job.side == "standby":
        files_agents.ensure(job)
        job.did("timer of pruning", units_systemd.run_always(job.names.unit("prune", "timer")))
        let_copies_in(job, job.serving == "primary")
        if job.did("lock that nobody held", restic_repository.drop_dead_locks(job, alone=job.serves)):
            notes = [f"A lock that nobody holds was taken away from the copies of {job.id} on {job.machine}."]
        if not job.serves:
            files_agents.stand_down(job)
            files_agents.release(job)
            let_tree_out(job, False)
            job.save(serving="primary", epoch=job.epoch())
            facts = {"repository": restic_repository.identity(job)}
            return {"notes": notes, "facts": facts, "evidence": {"keeps": "copies of the primary"}}
    files_agents.serve(job)
    return {"notes": notes, "evidence": {"point": first_point(job)}}


def first_point(job: Job) -> dict[str, Any]:
    """The newest copy, made now unless there is a whole one that this side made not long ago."""
    said, every = files_agents.last_copy(job), float((job.copies or {})["every_s"])
    recent = said.get("result") == "ok" and float(said.get("started") or 0) > time.time() - 2 * every - 60
    # A standby that was replaced has an empty repository: a copy in the old one is none.
    into = restic_repository.identity(job) if job.in_bucket else job.peer.get("repository")
    if not (recent and job.state().get("protecting") and job.state().get("repository") == into):
        said = files_agents.copy_now(job, job.limit("copy_s", 3600))
        job.save(protecting=True, serving=job.side, epoch=job.epoch(), repository=into)
    return {"id": said.get("snapshot"), "at": said.get("started"), "by": "restic", "bytes": said.get("bytes_total"),
            "files": said.get("files")}
