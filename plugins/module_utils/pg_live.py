# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the live copy on this machine is fit to serve: it runs, and holds all that the archived log holds."""

from __future__ import annotations

import time
from pathlib import Path

from ansible_collections.bascule.continuity.plugins.module_utils import (
    pg_awake,
    pg_backrest,
    pg_cluster,
    pg_host,
    pg_points,
    pg_sql,
    plain_time,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

# A copy whose source is gone asks for log every 5 s (wal_retrieve_retry_interval): three times in vain is enough.
STALL_S = 17.0
HELD = "select greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())"


def problem(job: Job, cluster: Cluster, role: str, asked_for: bool) -> str:
    """Why the live copy cannot be used; "" when it can. Starts it when it is down.

    `asked_for`: it was chosen by name, so it is taken as it is, however old.
    """
    if not job.state.get("replica"):
        return f"{job.machine} holds no live copy"
    if role == "down" and Path(f"{cluster.data}/standby.signal").exists():
        with job.timed("start"):
            pg_cluster.start(cluster)
            role = pg_host.wait_until(lambda: replica_or_gone(cluster), job.limit("replica_s", 60), 0.2)
    if role != "replica":
        return f"it does not run: {pg_cluster.log_tail(cluster)}"
    return "" if asked_for or not job.copies or job.side == "primary" else behind(job, cluster)


def replica_or_gone(cluster: Cluster) -> str:
    role = pg_sql.role_of(cluster)
    return role if role == "replica" else "gone" if pg_awake.gone(cluster) else ""


def behind(job: Job, cluster: Cluster) -> str:
    """That the live copy lacks log which the repository holds, and does not get it; "" when it has it all.

    A copy that lost its source long ago still answers: promoted, it would serve what was true then.
    """
    copies = job.copies or {}
    newest = pg_points.newest_segment(str(copies["repository"]), pg_backrest.stanza(job))
    if newest is None:
        return ""
    size = pg_awake.segment_bytes(cluster)
    wanted, held, moved = pg_awake.number_of(newest.name, size), -1, time.monotonic()
    with job.timed("catch_up"):
        while time.monotonic() - moved < STALL_S:
            now = pg_awake.position(pg_sql.value(cluster, HELD) or "0/0")
            if now // size >= wanted:
                return ""
            if now != held:
                held, moved = now, time.monotonic()
            time.sleep(0.2)
    beat = pg_sql.heartbeat_at(cluster, job.id)
    ends = f"ends at {plain_time.utc(beat)}" if beat is not None else "ends earlier"
    return f"it {ends} and gets nothing more, the archived log goes on to {plain_time.utc(newest.at)}"
