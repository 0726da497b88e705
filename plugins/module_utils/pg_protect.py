# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps `protect` and `resync`: copies flow from the side that serves to the other."""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    pg_agents,
    pg_backrest,
    pg_cluster,
    pg_compare,
    pg_conf,
    pg_guard,
    pg_host,
    pg_link,
    pg_prepare,
    pg_replica,
    pg_settings,
    pg_source,
    pg_sql,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job


def protect(job: Job) -> dict[str, Any]:
    """On the side that serves: keep log for the other, archive, beat. On the other: follow, or keep still; back up."""
    pg_agents.ensure_runtime(job, job.runtime)
    return protect_source(job) if job.side == job.serving else protect_target(job)


def protect_source(job: Job) -> dict[str, Any]:
    cluster = job.cluster()
    if pg_sql.role_of(cluster) != "writable":
        raise PlainError(
            f"The cluster {cluster.label} on {job.machine} does not accept writes, so {job.id} cannot be protected from"
            f" there. Look at {cluster.log}."
        )
    feed(job, cluster)
    if job.copies and job.side == "standby":
        pg_backrest.ensure_stanza(job, cluster)
    pg_settings.apply(job, cluster, archive=True)
    if job.copies:
        with job.timed("archive"):
            pg_backrest.push_now(job, cluster, job.limit("archive_limit_s", 90))
    pg_agents.ensure_heartbeat(job, cluster)
    if job.side == "primary":
        pg_guard.ensure(job, cluster)
    if job.copies and job.side == "standby":
        pg_agents.ensure_copies(job, cluster)
    job.did("start at boot", pg_cluster.at_boot(cluster, True))
    job.serve(job.side)
    facts = pg_prepare.source_facts(job, cluster)
    pg_source.keep(job, cluster, facts)
    evidence = {"role": "source", "durations_s": job.durations, "changed": job.changes}
    return {"facts": facts, "evidence": evidence}


def feed(job: Job, cluster: Cluster) -> None:
    """What another machine needs to follow this cluster: role, access, a slot, and a control file with the timeline."""
    job.did("role", pg_sql.ensure_role(cluster, pg_link.ensure_password(job)))
    if pg_conf.ensure_rules(job, cluster):
        pg_conf.reload(cluster)
    if job.streaming or job.step == "resync":
        job.did("slot", pg_sql.ensure_slot(cluster, job.slot))
    # pg_rewind reads the timeline from the control file, which only a checkpoint after the promotion brings up to date.
    timeline = "select timeline_id = ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"
    if pg_sql.value(cluster, f"{timeline} from pg_control_checkpoint()") != "t":
        with job.timed("checkpoint"):
            pg_sql.rows(cluster, "checkpoint", limit_s=job.limit("checkpoint_s", 900))


def protect_target(job: Job) -> dict[str, Any]:
    cluster, how = job.cluster(), "kept still"
    pg_agents.stop_heartbeat(job)
    if job.streaming:
        how = pg_replica.follow(job, cluster, job.peer)
        job.did("start at boot", pg_cluster.at_boot(job.cluster(), True))
        caught_up(job, job.cluster())
    else:
        keep_still(job, cluster)
    job.serve(job.other)
    if job.copies and job.side == "standby":
        pg_agents.ensure_copies(job, cluster)
        pg_agents.first_copy(job, cluster)
    evidence = {"role": "target", "how": how, "durations_s": job.durations, "changed": job.changes}
    return {"evidence": evidence, "facts": {"role": "target", "machine": job.machine}}


def keep_still(job: Job, cluster: Cluster) -> None:
    """A cluster that is only restored when needed: stopped, not started at boot, with what it needs then."""
    if not pg_replica.same_origin(job, cluster, job.peer):
        pg_replica.allow_replacing(job, cluster)
    job.did("cluster stopped", pg_cluster.stop(cluster, 60, at_once=True))
    job.did("not at boot", pg_cluster.at_boot(cluster, False))
    pg_source.lay(job, cluster, job.peer)
    job.save(ours=cluster.data)


def caught_up(job: Job, cluster: Cluster, limit_s: float | None = None) -> None:
    """Wait until this copy has replayed what the source had when it was asked."""
    lsn, limit_s = str(job.peer["lsn"]), limit_s or job.limit("catch_up_s", 3600)
    with job.timed("catch_up"):
        done = pg_host.wait_until(lambda: pg_replica.reached(cluster, lsn), limit_s, 0.05)
    if not done:
        raise PlainError(
            f"The live copy on {job.machine} did not catch up with {job.peer['machine']}. Look at {cluster.log}, and"
            " at the speed of the link between the sites; then run again."
        )


def resync(job: Job) -> dict[str, Any]:
    """On the side that serves: what the other needs. On the other, the old primary: become its live copy, caught up."""
    if job.side == job.serving:
        cluster = job.cluster()
        feed(job, cluster)
        evidence = {"role": "source", "durations_s": job.durations, "changed": job.changes}
        return {"facts": pg_prepare.source_facts(job, cluster), "evidence": evidence}
    cluster = job.cluster()
    if job.options.get("final") and job.peer.get("tables"):
        return last(job, cluster)
    pg_agents.stop_heartbeat(job)
    how = pg_replica.follow(job, cluster, job.peer)
    cluster = job.cluster()
    job.serve(job.other)
    job.did("start at boot", pg_cluster.at_boot(cluster, bool(job.streaming)))
    caught_up(job, cluster)
    replayed = pg_sql.value(cluster, "select pg_last_wal_replay_lsn()")
    evidence = {"how": how, "replayed": replayed, "source": job.peer["lsn"], "durations_s": job.durations}
    if job.state.get("rewind_refused") and how == "copied":
        evidence["rewind_refused"] = job.state["rewind_refused"]
    return {"evidence": evidence, "facts": {"role": "target", "machine": job.machine}}


def last(job: Job, cluster: Cluster) -> dict[str, Any]:
    """The source is held: take what this live copy lacks, and compare both. Users are waiting for it."""
    if pg_sql.role_of(cluster) != "replica":
        raise PlainError(
            f"The cluster {cluster.label} on {job.machine} is no live copy of {job.peer['machine']} any more. Look at"
            f" {cluster.log} there, then run dr-failback.yml again."
        )
    caught_up(job, cluster, job.limit("ship_s", 120))
    return pg_compare.compare(job, cluster)
