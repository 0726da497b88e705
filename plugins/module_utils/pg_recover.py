# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step `recover`: this machine's cluster becomes the one that serves, from the live copy or from the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    machine_marker,
    machine_room,
    pg_agents,
    pg_backrest,
    pg_cluster,
    pg_conf,
    pg_demote,
    pg_host,
    pg_link,
    pg_points,
    pg_replica,
    pg_source,
    pg_sql,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.pg_points import Choice


def recover(job: Job) -> dict[str, Any]:
    """Serve from here. Evidence: `strategy` (already, promote, restore), `why`, `point`, `heartbeat_at`."""
    cluster = job.cluster()
    role = pg_sql.role_of(cluster)
    point = job.run.get("point") or None
    if role == "writable" and serves(job, cluster):
        refuse_other_point(job, cluster, point)
        pg_demote.release(job, cluster)  # a run that was given up may have held it
        machine_marker.moved(job.policy, job.system, job.side, job.run)
        return told(job, cluster, Choice("already", "it serves already"))
    mode = str((job.run.get("scenario") or {}).get("mode") or "loss")
    live = live_problem(job, cluster, role) if job.streaming or job.side == "primary" else None
    points = known(job, cluster, live)
    choice = pg_points.choose(live=live, copies=bool(job.copies), mode=mode, point=point, points=points)
    choice = pg_points.together(choice, job.options.get("not_after"), job.copies is not None)
    if job.copies:
        choice = pg_points.with_log(choice, points, str(job.copies["repository"]), pg_backrest.stanza(job))
    if job.copies and job.side == "standby":
        shut_out(job, cluster)
    STRATEGIES[choice.strategy](job, cluster, choice)
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


def live_problem(job: Job, cluster: Cluster, role: str) -> str:
    """Why the live copy cannot be used; "" when it can. Starts it when it is down."""
    if not job.state.get("replica"):
        return f"{job.machine} holds no live copy"
    if role == "down" and Path(f"{cluster.data}/standby.signal").exists():
        with job.timed("start"):
            pg_cluster.start(cluster)
            role = pg_host.wait_until(lambda: replica_or_gone(cluster), job.limit("replica_s", 60), 0.2)
    if role != "replica":
        return f"it does not run: {pg_cluster.log_tail(cluster)}"
    return ""


def replica_or_gone(cluster: Cluster) -> str:
    role = pg_sql.role_of(cluster)
    return role if role == "replica" else "gone" if gone(cluster) else ""


def shut_out(job: Job, cluster: Cluster) -> None:
    """A primary that comes back must not reach the repository: it would archive a dead timeline, or destroy copies."""
    pg_link.authorize(job, cluster, "", pg_backrest.stanza(job))
    pg_agents.stop_copies(job)


def promote(job: Job, cluster: Cluster, choice: Choice) -> None:
    """Promote the live copy and wait until it accepts writes."""
    with job.timed("promote"):
        limit = int(job.limit("promote_s", 300))
        pg_sql.rows(cluster, f"select pg_promote(true, {limit})", limit_s=limit + 10)
        writable(job, cluster, limit)
    job.did("promoted")


def restore(job: Job, cluster: Cluster, choice: Choice) -> None:
    """Restore a backup over the data folder, replay log, and wait until writes are accepted."""
    refuse_full(job, cluster)
    pg_replica.allow_replacing(job, cluster)
    with job.timed("stop"):
        pg_cluster.stop(cluster, 20, at_once=True)
    pg_replica.remove_signals(cluster)
    pg_host.folder(cluster.data, mode=0o700, owner=cluster.owner)
    for leftover in ("postmaster.pid", "backup_label", "tablespace_map"):
        pg_host.remove(f"{cluster.data}/{leftover}")
    drop_live_settings(job, cluster)
    with job.timed("restore"):
        pg_host.must(
            restore_argv(job, choice),
            f"The copy of {job.id} could not be restored on {job.machine}",
            user=cluster.owner,
            limit_s=job.limit("restore_s", 43200),
        )
    cluster = pg_source.adopt(job, cluster)
    with job.timed("start"):
        pg_cluster.start(cluster)
        pg_host.wait_until(
            lambda: pg_sql.role_of(cluster) != "down" or gone(cluster), job.limit("replay_s", 43200), 0.2
        )
    with job.timed("replay"):
        replayed(job, cluster, choice, job.limit("replay_s", 43200))
    job.did("restored")


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


def restore_argv(job: Job, choice: Choice) -> list[str]:
    """The pgBackRest command of a choice: newest, a backup as it was, or a moment."""
    follow = pg_backrest.restore_command(job, ahead=choice.ahead)
    kinds = {
        "newest": ["--type=default"],
        "backup": [f"--set={choice.target}", "--type=immediate", "--target-action=promote"],
        "time": ["--type=time", f"--target={choice.target}", "--target-action=promote"],
    }
    return pg_backrest.command(
        job, "--delta", *kinds[choice.kind], f"--recovery-option=restore_command={follow}", "restore"
    )


def drop_live_settings(job: Job, cluster: Cluster) -> None:
    """A restored cluster follows nobody."""
    path = pg_conf.conf_path(cluster)
    lines = pg_host.read(path).splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("primary_", "restore_command"))]
    job.did("settings", pg_host.write(path, "".join(kept), owner=cluster.owner))


def gone(cluster: Cluster) -> bool:
    """Whether the start has failed: nothing is being started and no postmaster lives."""
    shown = pg_host.run(["systemctl", "show", "--property=ActiveState,Job", cluster.unit]).out.split()
    waits = any(line.startswith("Job=") and line not in ("Job=", "Job=0") for line in shown)
    ended = "ActiveState=failed" in shown or "ActiveState=inactive" in shown
    return ended and not waits and not pg_cluster.running(cluster)


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
