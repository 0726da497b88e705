# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps `points` and `status`: what could be recovered now, and what stands in the way. They change nothing."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    facts_host,
    facts_postgresql,
    facts_side,
    pg_agents,
    pg_backrest,
    pg_cluster,
    pg_host,
    pg_points,
    pg_sql,
    pg_verify,
    pg_version,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

LATE_BYTES = 64 * 1024 * 1024
FULL_SHARE = 0.9


def points(job: Job) -> dict[str, Any]:
    """Recovery points on the standby machine, newest first, and how far the newest is behind now."""
    cluster, now = job.cluster(), time.time()
    saved: list[dict[str, Any]] = []
    log_at = None
    if job.copies and job.side == "standby":
        saved = pg_points.backups(pg_backrest.info(job, cluster))
        log_at = pg_points.newest_log(str(job.copies["repository"]), pg_backrest.stanza(job))
    damaged = [point["id"] for point in saved if point["id"] in (job.state.get("damaged") or {})]
    found = pg_points.listing(
        [point for point in saved if point["id"] not in damaged], log_at, live_at(job, cluster)
    )
    lag = round(max(0.0, now - float(found[0]["at"])), 3) if found else None
    return {"evidence": {"points": found, "lag_s": lag, "damaged": damaged}}


def live_at(job: Job, cluster: Cluster) -> float | None:
    """Up to when the live copy on this machine has the data, epoch seconds; None when there is none."""
    if not job.streaming or pg_sql.role_of(cluster) != "replica":
        return None
    beat = pg_sql.heartbeat_at(cluster, job.id)
    if beat is not None:
        return beat
    text = pg_sql.value(cluster, "select extract(epoch from pg_last_xact_replay_timestamp())")
    return float(text) if text else None


def status(job: Job) -> dict[str, Any]:
    """What this machine says of the protection of the system, in sentences."""
    wrong = pg_version.problem(job.machine, job.id, job.label)
    found = None if wrong else pg_cluster.find(job.label)
    wrong = wrong or (pg_version.of_data(job.machine, job.id, job.label, found.data) if found else "")
    if found is None or wrong:
        return unfit(job, wrong or f"{job.machine} has no cluster {job.label}: run dr-build.yml.")
    role = pg_sql.role_of(found)
    problems = [*room(job, found), *ROLES[role](job, found)]
    at, lag, damaged = None, None, list[str]()
    if job.side == "standby" and role != "writable":
        listed = points(job)["evidence"]
        at, lag = (listed["points"][0]["at"], listed["lag_s"]) if listed["points"] else (None, None)
        problems += too_old(job, lag)
        problems += copies_problems(job)
        if job.copies:
            saved = pg_points.backups(pg_backrest.info(job, found))
            read = pg_verify.verify(job, found, saved)
            problems += pg_verify.problems(job, read, saved)
            damaged = list(read.damaged)
    evidence = {
        "role": role,
        "protected": not problems and (at is not None or job.side == "primary" or role == "writable"),
        "newest_at": at,
        "problems": problems,
        "versions": versions(job, found, role),
        "lag_s": lag,
        "damaged": damaged,
    }
    return {"evidence": {**evidence, **shared(job, found, role)}}


def shared(job: Job, cluster: Cluster | None, role: str) -> dict[str, Any]:
    """What both sides must share, for the comparison: facts of this side."""
    tools = {"pgbackrest": pg_host.run(["pgbackrest", "version"]).out.strip()[:80]} if job.copies else {}
    return facts_side.told(job, {
        "host": lambda other: facts_host.host(),
        "tools": lambda other: tools,
        "postgresql": lambda other: facts_postgresql.collect(job, cluster, role, other),
        "room": lambda other: facts_postgresql.room(job, cluster, role),
        "certificates": lambda other: facts_postgresql.certificates(cluster, other),
        "licences": lambda other: facts_host.present(job.options.get("licence_files") or []),
    })  # fmt: skip


def unfit(job: Job, sentence: str) -> dict[str, Any]:
    """The status of a machine that cannot hold the system as it is; at the standby, nothing could be activated."""
    evidence = {"protected": False, "newest_at": None, "problems": [sentence], "versions": {}, "lag_s": None,
                "blocking": [sentence] if job.side == "standby" else []}  # fmt: skip
    return {"evidence": {**evidence, **shared(job, None, "down")}}


def versions(job: Job, cluster: Cluster, role: str) -> dict[str, str]:
    """What both sides must share: server, pgBackRest, the C library that sorts texts."""
    found = {"cluster": cluster.label, "serving": str(job.state.get("serving", ""))}
    if role != "down":
        found["postgresql"] = pg_sql.value(cluster, "show server_version")
    if job.copies:
        found["pgbackrest"] = pg_host.run(["pgbackrest", "version"]).out.strip()
    found["libc"] = pg_host.run(["getconf", "GNU_LIBC_VERSION"]).out.strip()
    return found


def source_problems(job: Job, cluster: Cluster) -> list[str]:
    """On the cluster that accepts writes: is anybody following, does log leave?"""
    problems = []
    if job.streaming:
        found = pg_sql.replication(cluster)
        if not found:
            problems.append(f"No live copy of {job.id} is connected to {job.machine}.")
        elif found["behind_bytes"] > LATE_BYTES:
            problems.append(f"The live copy of {job.id} is {found['behind_bytes'] // 1024 // 1024} MiB behind.")
        kept = pg_sql.value(
            cluster, f"select wal_status from pg_replication_slots where slot_name = {pg_sql.literal(job.slot)}"
        )
        if kept in ("lost", "unreserved"):
            problems.append(
                f"{job.machine} dropped log that the live copy of {job.id} lacks: run dr-build.yml to copy it anew."
            )
    if job.copies:
        sql = (
            "select coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false),"
            " coalesce(extract(epoch from now() - last_archived_time)::int, -1) from pg_stat_archiver"
        )
        failing, age = pg_sql.rows(cluster, sql)[0]
        if failing == "t":
            problems.append(f"Log of {job.id} does not reach the repository. Look at {cluster.log} on {job.machine}.")
        elif int(age) > 3 * float(job.copies["archive_s"]) + 60:
            problems.append(f"The last log of {job.id} left {job.machine} {age} s ago.")
    if not pg_agents.active(pg_agents.heartbeat_unit(job)):
        problems.append(f"{pg_agents.heartbeat_unit(job)} does not run on {job.machine}.")
    return problems


def replica_problems(job: Job, cluster: Cluster) -> list[str]:
    """On a live copy: is it fed?"""
    problems = []
    if not pg_sql.value(cluster, "select 1 from pg_stat_wal_receiver where status = 'streaming'"):
        problems.append(f"The live copy of {job.id} on {job.machine} receives nothing.")
    return problems


def down_problems(job: Job, cluster: Cluster) -> list[str]:
    """On a cluster that does not run: that is right only for the copy that is restored when needed."""
    if job.streaming or (job.side == "primary" and job.state.get("serving", "primary") == "primary"):
        return [f"The cluster {cluster.label} on {job.machine} does not run."]
    return []


def too_old(job: Job, lag: float | None) -> list[str]:
    """Whether the newest point is older than the plan promises."""
    rpo = ((job.system.get("predicted") or {}).get("rpo") or {}).get("seconds")
    if lag is None:
        return [f"There is no recovery point of {job.id}."]
    if rpo is not None and lag > float(rpo) + 5:
        return [f"The newest recovery point of {job.id} is {lag:.0f} s old; the plan promises {float(rpo):g} s."]
    return []


def copies_problems(job: Job) -> list[str]:
    if not job.copies:
        return []
    unit = pg_agents.copy_unit(job)
    problems = []
    if not pg_agents.active(f"{unit}.timer"):
        problems.append(f"{unit}.timer does not run on {job.machine}: no backups are made.")
    if pg_host.run(["systemctl", "is-failed", f"{unit}.service"]).out.strip() == "failed":
        problems.append(f"The last backup of {job.id} failed. Look at journalctl -u {unit} on {job.machine}.")
    return problems


def room(job: Job, cluster: Cluster) -> list[str]:
    """Disks that are nearly full."""
    places = [cluster.data, *([str(job.copies["repository"])] if job.copies and job.side == "standby" else [])]
    problems = []
    for place in places:
        if Path(place).exists():
            usage = shutil.disk_usage(place)
            if usage.used / usage.total > FULL_SHARE:
                problems.append(f"The disk of {place} on {job.machine} is {usage.used / usage.total:.0%} full.")
    return problems


ROLES = {"writable": source_problems, "replica": replica_problems, "down": down_problems}
