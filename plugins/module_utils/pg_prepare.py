# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step `prepare`: tools, settings, roles and keys on one machine, whichever role it has at the moment."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    pg_backrest,
    pg_cluster,
    pg_conf,
    pg_demote,
    pg_guard,
    pg_host,
    pg_link,
    pg_settings,
    pg_sql,
    pg_version,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

OLDEST = 13  # max_slot_wal_keep_size and wal_keep_size: without them a dead standby can fill the primary


def prepare(job: Job) -> dict[str, Any]:
    """Prepare this machine; returns `facts` for the other side (no secrets among them) and evidence."""
    check_tools(job)
    pg_demote.take_up_again(job)
    source = is_source(job)
    cluster = own_cluster(job, source)
    password = pg_link.ensure_password(job)
    pg_link.ensure_passfile(job, cluster, password)
    facts = {"role": "source" if source else "target", "machine": job.machine, "owner": cluster.owner}
    if job.copies:
        facts["public_key"] = prepare_copies(job, cluster)
    if source:
        make_source(job, cluster, password)
        facts.update(source_facts(job, cluster))
    else:
        check_target(job, cluster)
    if job.copies and job.side == "standby" and (job.peer or source):
        pg_backrest.ensure_stanza(job, cluster)
    return {"facts": facts, "evidence": {"role": facts["role"], "cluster": cluster.label, "changed": job.changes}}


def check_tools(job: Job) -> None:
    """All that is missing, in one sentence."""
    version = job.label.partition("/")[0]
    wanted = [
        ("pg_lsclusters", "postgresql-common"),
        (f"/usr/lib/postgresql/{version}/bin/postgres", f"postgresql-{version}"),
    ]
    wanted += [
        (f"/usr/lib/postgresql/{version}/bin/pg_rewind", f"postgresql-{version}"),
        ("psql", "postgresql-client-common"),
    ]
    if job.copies:
        wanted += [("pgbackrest", "pgbackrest"), ("ssh", "openssh-client"), ("ssh-keygen", "openssh-client")]
    packages = pg_host.missing_programs(wanted)
    if packages == [f"postgresql-{version}"]:
        raise PlainError(pg_version.problem(job.machine, job.id, job.label))
    if packages:
        raise PlainError(
            f"{job.machine} lacks what {job.id} needs. Install there: apt-get install {' '.join(packages)}"
        )
    if int(version.split(".")[0]) < OLDEST:
        raise PlainError(f"PostgreSQL {version} of {job.id} is too old: version {OLDEST} or later is needed.")


def is_source(job: Job) -> bool:
    """Whether this machine holds the data that counts: by what both sides remember, else by what the run says."""
    role, own = job.peer.get("role"), job.state.get("serving")
    if role == "target":
        return True
    if role == "source":
        newer = float(job.state.get("serving_at") or 0) > float(job.peer.get("serving_at") or 0)
        if own == job.side and newer:
            raise PlainError(
                f"Both machines of {job.id} say that they serve, {job.machine} since later. Decide which data counts,"
                " stop the other cluster, and remove its file below /etc/bascule."
            )
        return False
    return (own or job.serving) == job.side


def own_cluster(job: Job, source: bool) -> Cluster:
    """The cluster; a machine that is to receive a copy gets an empty one when it has none."""
    found = pg_cluster.find(job.label)
    if found is None:
        if source:
            raise PlainError(
                f"{job.machine} has no PostgreSQL cluster {job.label}. Check `cluster:` of {job.id} in the policy."
            )
        found = pg_cluster.create(job.label, None)
        job.save(prior={"existed": False, "running": False})
        job.did("empty cluster")
    elif "prior" not in job.state:
        job.save(prior={"existed": True, "running": pg_cluster.running(found), "boot": boot_word(found)})
    return found


def boot_word(cluster: Cluster) -> str:
    match = re.search(r"(?m)^\s*(auto|manual|disabled)\b", pg_host.read(f"{cluster.conf}/start.conf"))
    return match.group(1) if match else "auto"


def prepare_copies(job: Job, cluster: Cluster) -> str:
    """pgBackRest's configuration and keys; returns the public key of this machine."""
    public = pg_link.ensure_key(job, cluster)
    if job.side == "primary":
        pg_backrest.configure_primary(job, cluster)
    else:
        pg_backrest.configure_standby(job, cluster)
    if job.peer.get("public_key"):
        pg_link.authorize(job, cluster, str(job.peer["public_key"]), pg_backrest.stanza(job))
    return public


def make_source(job: Job, cluster: Cluster, password: str) -> None:
    """Settings, role, access for the other machine, and the database of heartbeats, on the cluster that serves."""
    if pg_sql.role_of(cluster) != "writable":
        raise PlainError(
            f"The cluster {cluster.label} on {job.machine} takes no writes, but {job.id} is to be copied from it."
            f" Start it (systemctl start {cluster.unit}), then run again."
        )
    pg_settings.apply(job, cluster)
    job.did("role", pg_sql.ensure_role(cluster, password))
    job.did("database bascule", pg_sql.ensure_heartbeat(cluster))
    if pg_conf.ensure_rules(job, cluster):
        pg_conf.reload(cluster)
    if job.side == "primary":
        pg_guard.ensure(job, cluster)
    job.save(ours=cluster.data, replica=False)
    job.serve(job.side)


def check_target(job: Job, cluster: Cluster) -> None:
    """What makes a copy impossible, found before anything is copied."""
    theirs = (job.peer.get("cluster") or {}).get("version")
    if theirs and theirs != cluster.version:
        raise PlainError(
            f"{job.machine} has PostgreSQL {cluster.version}, the other side {theirs}. Install the same version."
        )
    gone = sorted(set(job.peer.get("libraries") or []) - set(available(cluster)))
    if gone:
        raise PlainError(
            f"{job.machine} lacks extensions that {job.id} uses. Install the packages of: {', '.join(gone)}."
        )


def available(cluster: Cluster) -> list[str]:
    """Names of the extensions that are installed on this machine for the cluster's version."""
    shared = pg_host.run([f"/usr/lib/postgresql/{cluster.version}/bin/pg_config", "--sharedir"]).out.strip()
    folder = shared or f"/usr/share/postgresql/{cluster.version}"
    listed = pg_host.run(["find", f"{folder}/extension", "-name", "*.control", "-printf", "%f\n"]).out
    return [line[: -len(".control")] for line in listed.splitlines()]


def source_facts(job: Job, cluster: Cluster) -> dict[str, Any]:
    """What the other side must know to follow this cluster; nothing secret."""
    now = pg_sql.settings(cluster)
    places = pg_sql.rows(
        cluster, "select pg_tablespace_location(oid) from pg_tablespace where pg_tablespace_location(oid) <> ''"
    )
    row = pg_sql.rows(
        cluster,
        "select (select system_identifier from pg_control_system()), pg_current_wal_lsn(),"
        " (select sum(pg_database_size(oid)) from pg_database),"
        " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),"
        f" (select oid from pg_database where datname = {pg_sql.literal(pg_sql.DATABASE)})",
    )[0]
    return {
        "role": "source",
        "machine": job.machine,
        "owner": cluster.owner,
        "serving_at": float(job.state.get("serving_at") or 0),
        "cluster": {key: getattr(cluster, key) for key in ("version", "port", "data", "owner", "sockets")},
        "settings": {**pg_conf.carried(now)},
        "hba": pg_conf.without_block(pg_host.read(cluster.hba)),
        "ident": pg_host.read(cluster.ident),
        "system_identifier": row[0],
        "lsn": row[1],
        "bytes": int(row[2]),
        "timeline": int(row[3], 16),
        "history": pg_sql.history(cluster, row[3]),
        "beats": row[4],
        "tablespaces": [place[0] for place in places],
        "libraries": extensions(cluster),
    }


def extensions(cluster: Cluster) -> list[str]:
    """Extensions in use in any database of the cluster."""
    names: set[str] = set()
    for row in pg_sql.rows(cluster, "select datname from pg_database where datallowconn and not datistemplate"):
        names.update(found[0] for found in pg_sql.rows(cluster, "select extname from pg_extension", row[0]))
    return sorted(names)
