# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the cluster of this machine a live copy of the other side's: it follows, is rewound, or is copied anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import (
    pg_backrest,
    pg_cluster,
    pg_conf,
    pg_host,
    pg_leftover,
    pg_link,
    pg_sql,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

CLEAN = {"shut down", "shut down in recovery"}
# What a standby writes when it can never follow; waiting longer would not help.
HOPELESS = (
    "is not in this server's history", "has already been removed", "is ahead of the WAL flush position",
    "different system identifier", "database system identifier differs",
    "can no longer get changes from replication slot",
    "is not a child of this server's history", "hot standby is not possible",
)  # fmt: skip


def settings_for(job: Job, cluster: Cluster, source: Mapping[str, Any]) -> dict[str, str]:
    """Settings of a cluster that follows `source`, and that can serve after a promotion without another restart."""
    wanted = pg_conf.base_settings(job, cluster)
    wanted.update(source["settings"])
    wanted["listen_addresses"] = "*"
    wanted["primary_conninfo"] = pg_link.conninfo(job, int(source["cluster"]["port"]))
    wanted["primary_slot_name"] = job.slot
    if int(source["cluster"]["port"]) != cluster.port:
        wanted["port"] = free_port(job, cluster, int(source["cluster"]["port"]))
    if job.copies:
        wanted["archive_command"] = pg_backrest.archive_command(job)
        if job.side == "standby":  # there the repository is at hand; from the primary each question costs an SSH login
            wanted["restore_command"] = pg_backrest.restore_command(job)
    return wanted


def free_port(job: Job, cluster: Cluster, port: int) -> str:
    """The source's port, which clients expect. Raises PlainError when another cluster of this machine has it."""
    taken = [other.label for other in pg_cluster.clusters() if other.port == port and other.label != cluster.label]
    if taken:
        raise PlainError(
            f"Port {port}, which clients of {job.id} use, belongs to the cluster {taken[0]} on {job.machine}."
            " Give that one another port."
        )
    return str(port)


def receiving(cluster: Cluster, address: str) -> bool:
    """Whether the cluster is being fed by `address` now."""
    sql = f"select 1 from pg_stat_wal_receiver where status = 'streaming' and sender_host = {pg_sql.literal(address)}"
    done = pg_sql.ask(cluster, sql, limit_s=10)
    return done.code == 0 and done.out.strip() == "1"


def reached(cluster: Cluster, lsn: str) -> bool:
    """Whether the copy has replayed everything up to the source's log position `lsn`."""
    done = pg_sql.ask(cluster, f"select pg_last_wal_replay_lsn() >= {pg_sql.literal(lsn)}::pg_lsn", limit_s=10)
    return done.code == 0 and done.out.strip() == "t"


def follow(job: Job, cluster: Cluster, source: Mapping[str, Any]) -> str:
    """Become a live copy; returns how: `already`, `followed`, `rewound` or `copied`. Raises PlainError."""
    same = same_origin(job, cluster, source)
    if not same:
        allow_replacing(job, cluster)
    wanted = pg_conf.conf_text(settings_for(job, cluster, source))
    fresh = job.did("settings", pg_host.write(pg_conf.conf_path(cluster), wanted, owner=cluster.owner))
    pg_conf.ensure_rules(job, cluster, str(source["hba"]))
    ident = str(source["ident"])
    job.did("pg_ident.conf", pg_host.write(cluster.ident, ident, mode=0o640, owner=cluster.owner))
    cluster = job.cluster()
    if same and pg_sql.role_of(cluster) == "replica":
        if fresh:
            pg_conf.reload(cluster)
        if pg_host.wait_until(lambda: receiving(cluster, job.address(job.other)), 5 if not fresh else 20):
            return "already"
    pg_cluster.stop(cluster, 60, at_once=True)
    possible = ways(same, pg_cluster.control(cluster).get("Database cluster state", ""))
    # In a return both sides were compared before this side was left, so it has nothing of its own.
    compared = job.step == "protect" and job.run.get("driver") == "failback"
    if possible[0] != "followed" and not compared:
        pg_leftover.keep(job, cluster, source, copy=same)
    for way in possible:
        how = WAYS[way](job, cluster, source) and started(job, cluster)
        if how:
            pg_sql.drop_idle_slot(cluster, job.slot)
            job.save(replica=True, ours=cluster.data)
            job.did(f"live copy {way}")
            return way
    raise PlainError(
        f"{job.machine} did not become a live copy of {source['machine']}: {pg_cluster.log_tail(cluster)}."
        f" Look at {cluster.log} on {job.machine}, then run again."
    )


def same_origin(job: Job, cluster: Cluster, source: Mapping[str, Any]) -> bool:
    """Whether this data folder and the source's are copies of one cluster, as far as Bascule saw it itself.

    The system identifier alone proves nothing: clusters of machines that were cloned from one image share it.
    """
    known = job.state.get("ours") == cluster.data
    return known and pg_cluster.control(cluster).get("Database system identifier") == source["system_identifier"]


def ways(same: bool, state: str) -> tuple[str, ...]:
    """What to try, cheapest first, for data of the same origin or not, in the state that pg_controldata names."""
    if not same:
        return ("copied",)
    return ("followed", "copied") if state in pg_cluster.WAS_REPLICA else ("rewound", "copied")


def allow_replacing(job: Job, cluster: Cluster) -> None:
    """Raises PlainError unless the data folder is empty, never used, or was made by Bascule."""
    if pg_sql.role_of(cluster) == "writable":
        pg_sql.rows(cluster, "checkpoint", limit_s=600)
    ours = job.state.get("ours") == cluster.data or job.state.get("copying")
    if ours or pg_cluster.never_used(cluster):
        return
    raise PlainError(
        f"The cluster {cluster.label} on {job.machine} holds data that Bascule did not put there ({cluster.data})."
        f" Move it to another cluster, or remove it with pg_dropcluster, then run again."
    )


def ready(job: Job, cluster: Cluster) -> None:
    """What makes a data folder start as a live copy."""
    remove_signals(cluster)
    pg_conf.clean_auto(job, cluster)
    pg_host.write(f"{cluster.data}/standby.signal", "", mode=0o600, owner=cluster.owner)


def remove_signals(cluster: Cluster) -> None:
    for name in ("standby.signal", "recovery.signal"):
        pg_host.remove(f"{cluster.data}/{name}")


def _followed(job: Job, cluster: Cluster, source: Mapping[str, Any]) -> bool:
    ready(job, cluster)
    return True


def _rewound(job: Job, cluster: Cluster, source: Mapping[str, Any]) -> bool:
    """Undo what the old primary wrote after the other side took over; False when pg_rewind cannot."""
    if pg_cluster.control(cluster).get("Database cluster state") not in CLEAN and not recovered(job, cluster):
        return False
    link = pg_link.conninfo(job, int(source["cluster"]["port"]), dbname="postgres")
    argv = [cluster.program("pg_rewind"), "-D", cluster.data, f"--source-server={link}"]
    with job.timed("rewind"):
        done = pg_host.run(argv, user=cluster.owner, limit_s=job.limit("copy_s", 21600))
    if done.code != 0:
        job.state["rewind_refused"] = done.why
        return False
    ready(job, cluster)
    return True


def recovered(job: Job, cluster: Cluster) -> bool:
    """Replay the log of a primary that was cut off, in single-user mode: nothing connects, nothing is archived."""
    remove_signals(cluster)
    argv = [
        cluster.program("postgres"), "--single", "-F", "-D", cluster.data,
        "-c", f"config_file={cluster.conf}/postgresql.conf", "-c", "archive_mode=off", "template1",
    ]  # fmt: skip
    with job.timed("crash_recovery"):
        done = pg_host.run(argv, user=cluster.owner, stdin="", limit_s=job.limit("copy_s", 21600))
    return done.code == 0


def _copied(job: Job, cluster: Cluster, source: Mapping[str, Any]) -> bool:
    """Fetch the whole cluster. What the other side never had is kept aside."""
    pg_cluster.stop(cluster, 30, at_once=True)
    make_room(job, cluster, int(source["bytes"]))
    for place in source.get("tablespaces") or []:
        pg_host.remove(place)
        pg_host.folder(place, mode=0o700, owner=cluster.owner)
    pg_host.folder(cluster.data, mode=0o700, owner=cluster.owner)
    link = pg_link.conninfo(job, int(source["cluster"]["port"]), application_name="pg_basebackup")
    argv = [cluster.program("pg_basebackup"), "-d", link, "-D", cluster.data, "-X", "stream", "-S", job.slot]
    with job.timed("copy"):
        done = pg_host.run([*argv, "-c", "fast", "-w"], user=cluster.owner, limit_s=job.limit("copy_s", 21600))
    if done.code != 0:
        raise PlainError(
            f"The cluster could not be copied from {source['machine']} to {job.machine}: {done.why}."
            f" Check that {job.machine} reaches port {source['cluster']['port']} of {job.address(job.other)}."
        )
    job.save(copying=False)
    ready(job, cluster)
    return True


def make_room(job: Job, cluster: Cluster, need_bytes: int) -> None:
    """Empty the data folder for a whole copy. Raises PlainError when that does not fit beside what was kept."""
    need, free = need_bytes * pg_leftover.ROOM, pg_leftover.room(cluster)
    if "kept aside" in job.changes and free < need:
        raise PlainError(
            f"{job.machine} has no room for {job.id} beside what was kept in {job.state['aside']}: {need / 1e9:.1f} GB"
            f" are needed, {free / 1e9:.1f} are free. Move that to another place, then run again."
        )
    pg_host.remove(cluster.data)
    job.save(copying=True)


def started(job: Job, cluster: Cluster) -> bool:
    """Start and wait until log flows; gives up at once on what no waiting cures."""
    began = Path(cluster.log).stat().st_size if cluster.log and Path(cluster.log).exists() else 0
    address = job.address(job.other)
    pg_cluster.start(cluster)

    def look() -> str:
        if receiving(cluster, address):
            return "streaming"
        with open(cluster.log, encoding="utf-8", errors="replace") as stream:
            stream.seek(began)
            fresh = stream.read()
        return "hopeless" if any(word in fresh for word in HOPELESS) else ""

    with job.timed("stream"):
        seen = pg_host.wait_until(look, job.limit("stream_s", 180), 0.2)
    if seen == "streaming":
        return True
    pg_cluster.stop(cluster, 30, at_once=True)
    return False


WAYS = {"followed": _followed, "rewound": _rewound, "copied": _copied}
