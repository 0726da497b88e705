# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a pgBackRest repository through, where that is quick, and says which backups are damaged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import pg_backrest, pg_host, plain_time
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

# What dr-status reads through: nobody waits for more.
READ_BELOW, READ_S = 1 << 30, 30.0
BACKUP = re.compile(r"backup: (\S+), status: (\w+)")
LOG = re.compile(r"archiveId: \S+, total WAL checked: (\d+), total valid WAL: (\d+)")


@dataclass(frozen=True)
class Found:
    """Labels of backups that are damaged, and how many segments of the archived log are damaged or missing."""

    damaged: tuple[str, ...] = ()
    log: int = 0


def read(text: str) -> Found:
    """What `pgbackrest verify` says."""
    log = sum(int(checked) - int(valid) for checked, valid in LOG.findall(text))
    return Found(tuple(label for label, word in BACKUP.findall(text) if word != "valid"), log)


def verify(job: Job, cluster: Cluster, saved: list[dict[str, Any]]) -> Found:
    """Read the repository through when its backups are small; what an earlier recovery found is known either way."""
    known = tuple(job.state.get("damaged") or {})
    if sum(int(point["bytes"]) for point in saved) > READ_BELOW or not saved:
        return Found(known)
    done = pg_host.run(
        pg_backrest.command(job, "--log-level-console=info", "verify"), user=cluster.owner, limit_s=READ_S
    )
    return read(f"{done.out}\n{done.err}") if BACKUP.search(done.out) else Found(known)


def problems(job: Job, found: Found, saved: list[dict[str, Any]]) -> list[str]:
    """What that means for a recovery from these backups (newest first), in sentences."""
    said = []
    sound = [point for point in saved if point["id"] not in found.damaged]
    if saved and saved[0]["id"] in found.damaged:
        how = f"The newest backup {saved[0]['id']} of {job.id} on {job.machine} is damaged."
        older = plain_time.span(float(saved[0]["at"]) - float(sound[0]["at"])) if sound else ""
        said.append(f"{how} A restore would start from {sound[0]['id']}, {older} older, and replay the log from there. "
                    "Make a full backup." if sound else f"{how} No other is whole: make a full backup now.")
    if found.log:
        said.append(f"{found.log} segments of the archived log of {job.id} on {job.machine} are damaged or missing: a "
                    "restore that needs them ends there. Make a full backup.")
    return said
