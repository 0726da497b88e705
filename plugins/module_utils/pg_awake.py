# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until a cluster that recovers accepts writes, and says how far its log went."""

from __future__ import annotations

from ansible_collections.bascule.continuity.plugins.module_utils import pg_cluster, pg_host, pg_points, pg_sql
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.pg_points import Choice


def gone(cluster: Cluster) -> bool:
    """Whether the start has failed: nothing is being started and no postmaster lives.

    Debian's unit does not mind that its command fails, and then waits for a postmaster without a limit: what is still
    "activating", with no command at work, has failed too.
    """
    asked = ["systemctl", "show", "--property=ActiveState,Job,ControlPID", cluster.unit]
    shown = dict(line.partition("=")[::2] for line in pg_host.run(asked).out.split())
    waits = shown.get("Job", "") not in ("", "0")
    ended = shown.get("ActiveState") in ("failed", "inactive")
    in_vain = shown.get("ActiveState") == "activating" and shown.get("ControlPID") == "0"
    return (in_vain or (ended and not waits)) and not pg_cluster.running(cluster)


def writable(job: Job, cluster: Cluster, limit_s: float) -> None:
    """Wait for a write that is accepted: connections are accepted long before. Raises PlainError at the end."""

    def look() -> str:
        done = pg_sql.ask(
            cluster, "select case when pg_is_in_recovery() then 'no' else pg_current_xact_id()::text end", limit_s=10
        )
        if done.code == 0 and done.out.strip() not in ("", "no"):
            return "yes"
        return "gone" if gone(cluster) else ""

    seen = pg_host.wait_until(look, limit_s, 0.05)
    if seen != "yes":
        reason = "it stopped" if seen == "gone" else f"no write was accepted within {limit_s:g} s"
        raise PlainError(
            f"{job.id} does not accept writes on {job.machine}: {reason}; its log says: {pg_cluster.log_tail(cluster)}."
            f" Look at {cluster.log}, or choose another point with -e recovery_point=."
        )


def replayed(job: Job, cluster: Cluster, choice: Choice, limit_s: float) -> None:
    """Wait for the end of the replay. A log that ends before the moment asked for holds nothing younger: take it."""
    try:
        writable(job, cluster, limit_s)
    except PlainError:
        if choice.kind != "time" or "before configured recovery target" not in pg_cluster.log_tail(cluster):
            raise
        settings = f"{cluster.data}/postgresql.auto.conf"
        kept = [line for line in pg_host.read(settings).splitlines(keepends=True) if "recovery_target" not in line]
        pg_host.write(settings, "".join(kept), mode=0o600, owner=cluster.owner)
        pg_cluster.start(cluster)
        writable(job, cluster, limit_s)


def segment_bytes(cluster: Cluster) -> int:
    """The size of a log segment of a cluster that answers."""
    return int(pg_sql.value(cluster, "select setting from pg_settings where name = 'wal_segment_size'"))


def number_of(segment: str, size: int) -> int:
    """The place of a segment in the log, from its name."""
    return int(segment[8:16], 16) * ((1 << 32) // size) + int(segment[16:24], 16)


def position(lsn: str) -> int:
    """A log position such as `0/5000098` in bytes."""
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def left_at(history: str) -> list[tuple[int, int]]:
    """From a history file: timelines before its own, oldest first, and at which byte of the log each was left."""
    rows = [line.split("\t") for line in history.splitlines()]
    return [(int(row[0]), position(row[1])) for row in rows if len(row) > 1 and row[0].strip().isdigit()]


def cut_short(job: Job, cluster: Cluster, newest: pg_points.Segment | None) -> str:
    """A sentence when the replay ended before the archived log does: a segment of it is damaged or gone. Else ""."""
    timeline = pg_sql.value(cluster, "select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")
    left = left_at(pg_host.read(f"{cluster.data}/pg_wal/{timeline}.history"))
    if not left or newest is None or int(newest.name[:8], 16) != left[-1][0]:
        return ""
    size = segment_bytes(cluster)
    ended = left[-1][1] // size
    if number_of(newest.name, size) <= ended:
        return ""
    first = f"{newest.name[:8]}{ended // ((1 << 32) // size):08X}{ended % ((1 << 32) // size):08X}"
    return (f"{job.id}: the archived log could not be read beyond segment {first}, which is damaged or missing, though "
            f"it goes on to {newest.name}. What was written in between is lost, unless a live copy holds it.")
