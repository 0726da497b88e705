# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step `recover`: this machine's cluster becomes the one that serves, from the live copy or from the repository."""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    machine_marker,
    machine_room,
    pg_agents,
    pg_awake,
    pg_backrest,
    pg_cluster,
    pg_demote,
    pg_lineage,
    pg_link,
    pg_live,
    pg_points,
    pg_replica,
    pg_restore,
    pg_sql,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.pg_points import Choice


def recover(job: Job) -> dict[str, Any]:
    """Serve from here. Evidence: `strategy` (already, promote, restore), `why`, `point`, `heartbeat_at`."""
    cluster = job.cluster()
    pg_restore.tidy(job, cluster)
    role = pg_sql.role_of(cluster)
    point = job.run.get("point") or None
    if role == "writable" and serves(job, cluster):
        refuse_other_point(job, cluster, point)
        pg_demote.release(job, cluster)  # a run that was given up may have held it
        machine_marker.moved(job.policy, job.system, job.side, job.run)
        return told(job, cluster, Choice("already", "it serves already"))
    if role == "down" and pg_demote.goes_on(job, cluster):
        settle(job, cluster)
        job.save(recovered_heartbeat_at=pg_sql.heartbeat_at(cluster, job.id))
        return told(job, cluster, Choice("already", "it was stopped for the other side, which did not take over"))
    mode = str((job.run.get("scenario") or {}).get("mode") or "loss")
    has_live = job.streaming or job.side == "primary"
    live = pg_live.problem(job, cluster, role, point == pg_points.LIVE) if has_live else None
    points = known(job, cluster, live)
    choice = pg_points.choose(live=live, copies=bool(job.copies), mode=mode, point=point, points=points)
    if choice.strategy == "restore" and live:
        job.notes.append(f"{job.id}: {choice.why}. A backup with its archived log was restored instead.")
    choice = pg_points.together(choice, job.options.get("not_after"), job.copies is not None)
    if job.copies:
        choice = pg_points.with_log(choice, points, str(job.copies["repository"]), pg_backrest.stanza(job))
    if job.copies and job.side == "standby":
        shut_out(job, cluster)
    STRATEGIES[choice.strategy](job, cluster, choice, points)
    cluster = job.cluster()
    settle(job, cluster)
    machine_marker.moved(job.policy, job.system, job.side, job.run)
    return told(job, cluster, choice)


def serves(job: Job, cluster: Cluster) -> bool:
    """Whether this writable cluster is our data, not a fresh one that happens to run."""
    return job.state.get("serving") == job.side or pg_sql.heartbeat_at(cluster, job.id) is not None


def refuse_other_point(job: Job, cluster: Cluster, point: str | None) -> None:
    """A cluster that serves is never set back in silence: what was written since would be lost."""
    used = str((job.state.get("recovered") or {}).get("id") or "")
    is_time = point and not pg_points.LABEL.match(point) and point not in pg_points.NAMES
    at = pg_points.moment(point) if point and is_time else None
    if point and used and used not in (point, pg_points.target_text(at) if at is not None else ""):
        raise PlainError(
            f"{job.machine} serves {job.id} already, from the point {used}, and {point} was asked for. What was written"
            f" since would be lost. If that is wanted: systemctl stop {cluster.unit} on {job.machine}, then run again."
        )


def known(job: Job, cluster: Cluster, live: str | None) -> list[dict[str, Any]]:
    """The recovery points, as far as the choice needs them: the live copy alone needs no look into the repository."""
    mode = str((job.run.get("scenario") or {}).get("mode") or "loss")
    if not job.copies or job.side == "primary":
        return []
    if live == "" and not job.run.get("point") and mode not in pg_points.HISTORY_MODES:
        return []
    saved = pg_points.backups(pg_backrest.info(job, cluster))
    log_at = pg_points.newest_log(str(job.copies["repository"]), pg_backrest.stanza(job))
    return pg_points.listing(saved, log_at, None)


def shut_out(job: Job, cluster: Cluster) -> None:
    """A primary that comes back must not reach the repository: it would archive a dead timeline, or destroy copies."""
    pg_link.authorize(job, cluster, "", pg_backrest.stanza(job))
    pg_agents.stop_copies(job)


def promote(job: Job, cluster: Cluster, choice: Choice, points: list[dict[str, Any]]) -> None:
    """Promote the live copy and wait until it accepts writes."""
    with job.timed("promote"):
        limit = int(job.limit("promote_s", 300))
        pg_sql.rows(cluster, f"select pg_promote(true, {limit})", limit_s=limit + 10)
        pg_awake.writable(job, cluster, limit)
    job.did("promoted")


def restore(job: Job, cluster: Cluster, choice: Choice, points: list[dict[str, Any]]) -> None:
    """Restore a backup, replay log, and say when the log could not be read to its end."""
    refuse_full(job, cluster)
    pg_replica.allow_replacing(job, cluster)
    repository = str((job.copies or {})["repository"])
    newest = pg_points.newest_segment(repository, pg_backrest.stanza(job))
    choice = pg_lineage.without_dead_ends(job, cluster, pg_points.based(choice, points))
    pg_restore.restore(job, cluster, choice)
    cut = pg_awake.cut_short(job, job.cluster(), newest) if choice.kind == "newest" else ""
    if cut:
        job.notes.append(cut)


def refuse_full(job: Job, cluster: Cluster) -> None:
    """Raise PlainError, before anything is touched, when the newest backup has no room in place of what is there."""
    there = machine_room.free(cluster.data)
    # The policy's size is a guess; the backup itself knows, but asking takes time.
    if there >= float(job.system.get("size_bytes") or 0):
        return
    saved = [entry for entry in pg_backrest.info(job, cluster).get("backup") or [] if not entry.get("error")]
    needed = max((int((entry.get("info") or {}).get("size") or 0) for entry in saved[-1:]), default=0)
    room = there + machine_room.used(cluster.data)
    if room < needed:
        raise PlainError(
            f"{cluster.data} on {job.machine} has room for {machine_room.amount(room)} and the newest backup of "
            f"{job.id} needs {machine_room.amount(needed)}: nothing was begun. Make room there and start again."
        )


def settle(job: Job, cluster: Cluster) -> None:
    """What must be true from the first second of serving: log is kept for the old primary, a boot starts it."""
    with job.timed("settle"):
        job.save(replica=False, ours=cluster.data, serving_started=True)
        job.serve(job.side)
        if job.streaming or job.side == "standby":
            job.did("slot", pg_sql.ensure_slot(cluster, job.slot))
        job.did("start at boot", pg_cluster.at_boot(cluster, True))


def told(job: Job, cluster: Cluster, choice: Choice) -> dict[str, Any]:
    """Evidence of what serves now. The word is `data_correct` only when a heartbeat shows up to when the data go."""
    already = choice.strategy == "already"
    beat = job.state.get("recovered_heartbeat_at") if already else pg_sql.heartbeat_at(cluster, job.id)
    if not already:
        by = "streaming" if choice.strategy == "promote" else "pgbackrest"
        identity = {"promote": pg_points.LIVE, "restore": choice.target or pg_points.NEWEST}[choice.strategy]
        job.save(recovered_heartbeat_at=beat, recovered={"id": identity, "at": beat, "by": by})
    evidence = {"strategy": choice.strategy, "why": choice.why, "point": job.state.get("recovered"),
                "heartbeat_at": beat, "durations_s": job.durations}  # fmt: skip
    return {"word": "data_correct" if beat is not None else "answering", "evidence": evidence}


STRATEGIES = {"promote": promote, "restore": restore}
