# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository of restic in a folder of the standby's machine: the primary only adds to it, over SSH."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files, machine_run, machine_user
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

# The repository always belongs to this user; the standby's own root writes through the same door as the primary.
AS_USER = f"setpriv --reuid={machine_user.USER} --regid={machine_user.USER} --init-groups"
RCLONE = "rclone --config /dev/null"
SERVE = "serve restic --stdio"
APPEND_ONLY = f"{SERVE} --append-only"


def forced_command(job: Job) -> str:
    """What the primary's key may do at the standby: add to one repository."""
    return f"{RCLONE} {APPEND_ONLY} {job.repository}"


def argv(job: Job, may_delete: bool = False) -> list[str]:
    """restic up to its command, for reading and writing from this machine."""
    if job.side == "standby":
        program, arguments = f"{AS_USER} {RCLONE}", SERVE if may_delete else APPEND_ONLY
    else:
        program, arguments = f"ssh -F {job.names.setting('ssh_config')} copy", APPEND_ONLY
    return [
        "restic", "-r", f"rclone:{job.repository}", "-o", f"rclone.program={program}", "-o", f"rclone.args={arguments}",
        "--password-file", job.names.setting("password"), "--cache-dir", job.names.cache,
    ]  # fmt: skip


def reading(job: Job) -> list[str]:
    """restic at the standby for reading only: straight from the disk, whoever holds a lock."""
    return ["restic", "-r", job.repository, "--no-lock", "--no-cache", "--password-file", job.names.setting("password")]


def ensure_repository(job: Job) -> bool:
    """At the standby: the folder and an empty repository in it; True when it was made.

    Raises TroubleError when there is one that the key does not open.
    """
    # One that came back from the third place is root's until now.
    changed = machine_files.hand_over(job.repository, machine_user.USER)
    changed = machine_files.folder(job.repository, mode=0o700, owner=machine_user.USER) or changed
    if there(job):
        opened = machine_run.run([*reading(job), "cat", "config"], limit_s=60)
        if opened.code != 0:
            name = (job.copies or {})["key"]["secret"]
            raise TroubleError(f"The copies of {job.id} on {job.machine} cannot be opened with the secret {name}: "
                               f"{opened.reason}. Give the key that they were made with, or move {job.repository}.")
        return changed
    machine_run.must([*argv(job, may_delete=True), "init"], f"The copies of {job.id} could not be set up", limit_s=120)
    return True


def identity(job: Job) -> str:
    """Which repository this is: another one has another `config` file, which never changes."""
    return hashlib.sha256(Path(job.repository, "config").read_bytes()).hexdigest()[:16]


def drop_dead_locks(job: Job, alone: bool) -> bool:
    """At the standby: remove locks that a dead process left; restic itself would wait for half an hour.

    Of this machine, those whose process has ended. `alone`: nobody else can reach the repository now, so whatever lock
    another machine left is nobody's.
    """
    folder = Path(job.repository, "locks")
    before = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    if not before:
        return False
    machine_run.run([*argv(job, may_delete=True), "unlock"], limit_s=60)
    for path in folder.iterdir() if alone else ():
        told = machine_run.run([*reading(job), "cat", "lock", path.name], limit_s=60)
        if told.code == 0 and json.loads(told.out).get("hostname") != socket.gethostname():
            path.unlink(missing_ok=True)
    return sorted(entry.name for entry in folder.iterdir()) != before


def there(job: Job) -> bool:
    """Whether there is a repository."""
    return Path(job.repository, "config").is_file()


def where(job: Job) -> str:
    """The place, as it is told to people."""
    return f"{job.repository} on {job.machine}"


def counts(job: Job, at: float, tags: list[str]) -> bool:
    """Whether a snapshot is a point of this system: all are, for who is left behind is shut out."""
    return True
