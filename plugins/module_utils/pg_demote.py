# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step `demote`: the cluster of this machine refuses writes (hold), takes them again (release), or stops (stop)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    pg_agents,
    pg_backrest,
    pg_cluster,
    pg_compare,
    pg_conf,
    pg_host,
    pg_sql,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

HOLD = "hold"
OTHERS = (
    "select count(*) filter (where done) from (select pg_terminate_backend(pid) as done from pg_stat_activity"
    " where backend_type = 'client backend'"
    " and pid <> pg_backend_pid()) as ended"
)


def demote(job: Job) -> dict[str, Any]:
    """Do what `options.mode` says; evidence: `mode`, `lsn` (where the data ends), `ended` sessions, `shipped`."""
    mode = str(job.options.get("mode") or "stop")
    if mode not in MODES:
        raise PlainError(f"demote knows the modes {', '.join(sorted(MODES))}, not {mode}.")
    cluster = pg_cluster.find(job.label)
    if cluster is None:
        return {"evidence": {"mode": mode, "note": f"{job.machine} has no cluster {job.label}"}}
    evidence = MODES[mode](job, cluster)
    facts: dict[str, Any] = {}
    if mode == HOLD and evidence.get("lsn"):
        # The other side can be compared with this in the same call in which it takes the last of the log.
        facts = {"lsn": evidence["lsn"], **pg_compare.facts(job, cluster)}
    return {"facts": facts, "evidence": {"mode": mode, **evidence, "durations_s": job.durations,
                                         "changed": job.changes}}


def hold(job: Job, cluster: Cluster) -> dict[str, Any]:
    """Nobody but the owner (locally) and our replication gets in; sessions end; what still comes is read-only."""
    role = pg_sql.role_of(cluster)
    if role == "down":
        return {"note": "it does not run"}
    pg_agents.stop_heartbeat(job)
    fresh = keep_out(job, cluster)
    if fresh:
        pg_conf.reload(cluster)
        pg_host.wait_until(lambda: pg_sql.value(cluster, "show default_transaction_read_only") == "on", 10)
    ended = end_sessions(job, cluster, looks=2 if fresh else 1)
    if fresh and role == "writable":
        pg_sql.checkpoint_beside(cluster)
    lsn = pg_sql.value(cluster, "select pg_current_wal_lsn()") if role == "writable" else ""
    return {"ended": ended, "lsn": lsn}


def keep_out(job: Job, cluster: Cluster) -> bool:
    """The rules and the setting of `hold`, for a server that runs or that is to be started; True when they are new."""
    rules = pg_conf.hold_rules(cluster.owner, job.address(job.other))
    base = pg_conf.without_block(pg_host.read(cluster.hba), HOLD)
    changed = pg_conf.put_rules(job, cluster, pg_conf.with_block(base, HOLD, rules))
    path, text = pg_conf.conf_path(cluster, "bascule-hold"), pg_conf.conf_text({"default_transaction_read_only": "on"})
    return job.did("read-only", pg_host.write(path, text, owner=cluster.owner)) or changed


def take_up_again(job: Job) -> None:
    """After a return that was killed when this side had stopped and the other did not serve yet: start it, held.

    What the last marker says decides: whoever takes over writes it at once. Raises PlainError when it does not start.
    """
    cluster = pg_cluster.find(job.label)
    expected = job.run.get("driver") == "failback" and job.run.get("serves_now") == job.side
    if cluster is None or not expected or job.state.get("ours") != cluster.data or pg_sql.role_of(cluster) != "down":
        return
    if Path(f"{cluster.data}/standby.signal").exists():
        return
    keep_out(job, cluster)
    _start(job, cluster)
    job.did("started, held")
    job.serve(job.side)


def goes_on(job: Job, cluster: Cluster) -> bool:
    """Serve again from a cluster that an activation stopped here for the other side, which then did not take over.

    What the last marker says decides, as in `take_up_again`; a machine that was replaced knows of no such stop. False
    when there is nothing of the kind. Raises PlainError when it does not start.
    """
    stopped = job.state.get("serving") == job.other and not Path(f"{cluster.data}/standby.signal").exists()
    if job.run.get("driver") != "failback" or job.run.get("serves_now") != job.side or not stopped:
        return False
    unhold(job, cluster)
    _start(job, cluster)
    job.did("started again")
    return True


def _start(job: Job, cluster: Cluster) -> None:
    pg_cluster.start(cluster)
    with job.timed("start"):
        started = pg_host.wait_until(lambda: pg_sql.role_of(cluster) == "writable", job.limit("start_s", 300), 0.2)
    if not started:
        raise PlainError(
            f"The cluster {cluster.label} on {job.machine} holds the data of {job.id} and does not start:"
            f" {pg_cluster.log_tail(cluster)}. Look at {cluster.log}, then run again."
        )


def end_sessions(job: Job, cluster: Cluster, looks: int) -> int:
    """End all sessions but ours, until none is seen `looks` times in a row.

    Twice after new rules: the server may let one more in before it has read them.
    """
    counts: list[int] = []

    def look() -> bool:
        counts.append(int(pg_sql.value(cluster, OTHERS, limit_s=60) or 0))
        return counts[-looks:] == [0] * looks

    if not pg_host.wait_until(look, job.limit("hold_s", 60), 0.05):
        raise PlainError(
            f"Sessions of {job.id} on {job.machine} do not end. Look at pg_stat_activity there, then run again."
        )
    if sum(counts):
        job.did(f"{sum(counts)} sessions ended")
    return sum(counts)


def release(job: Job, cluster: Cluster) -> dict[str, Any]:
    """Undo `hold`: the cluster serves again as before."""
    if unhold(job, cluster) and pg_sql.role_of(cluster) != "down":
        pg_conf.reload(cluster)
    if job.state.get("serving") == job.side and pg_sql.role_of(cluster) == "writable":
        pg_agents.ensure_heartbeat(job, cluster)
    return {}


def unhold(job: Job, cluster: Cluster) -> bool:
    text = pg_host.read(cluster.hba)
    rules = pg_conf.put_rules(job, cluster, pg_conf.without_block(text, HOLD))
    return job.did("read-only ended", pg_host.remove(pg_conf.conf_path(cluster, "bascule-hold"))) or rules


def stop(job: Job, cluster: Cluster) -> dict[str, Any]:
    """Stop the cluster, now and at boot. With `options.last`, everything written is with the other side first."""
    evidence: dict[str, Any] = {}
    last = bool(job.options.get("last"))
    if last and pg_sql.role_of(cluster) == "writable":
        try_the_way(job, cluster)
        evidence.update(hold(job, cluster))
        evidence["shipped"] = ship(job, cluster)
    pg_agents.stop_heartbeat(job)
    with job.timed("stop"):
        stopped = pg_cluster.stop(cluster, job.limit("stop_s", 120 if last else 20), at_once=not last)
    job.did("cluster stopped", stopped)
    unhold(job, cluster)
    job.did("not at boot", pg_cluster.at_boot(cluster, False))
    job.serve(job.other)
    return evidence


def try_the_way(job: Job, cluster: Cluster) -> None:
    """Ship once while users still work: a link that is broken is found before anybody is kept from work, and less is
    left to be shipped while they are."""
    if not job.copies or Path(pg_conf.conf_path(cluster, "bascule-hold")).exists():
        return
    with job.timed("archive before"):
        try:
            pg_backrest.push_now(job, cluster, job.limit("try_s", 30))
        except PlainError as problem:
            raise PlainError(f"{problem} Nothing was stopped: users go on at {job.machine}.") from None


def ship(job: Job, cluster: Cluster) -> list[str]:
    """Wait until the other side has the last write, by the live copy if there is one; names what has it."""
    shipped = []
    found = pg_sql.replication(cluster)
    if job.copies and not found:
        with job.timed("archive"):
            pg_backrest.push_now(job, cluster, job.limit("archive_limit_s", 120))
        shipped.append("pgbackrest")
    if found:
        with job.timed("ship"):
            equal = pg_host.wait_until(
                lambda: pg_sql.replication(cluster).get("behind_bytes", 1) == 0, job.limit("ship_s", 120), 0.1
            )
        if not equal:
            raise PlainError(
                f"The live copy of {job.id} does not reach the last write on {job.machine}. That is held"
                " read-only now, not stopped. Look at the link between the sites, then run again."
            )
        shipped.append("streaming")
    if not shipped:
        raise PlainError(
            f"No copy of {job.id} is connected, so the last writes on {job.machine} cannot be shipped; it is held"
            " read-only. Repair the copy (dr-build.yml), or activate with -e scenario=lost."
        )
    return shipped


MODES = {"hold": hold, "release": release, "stop": stop}
