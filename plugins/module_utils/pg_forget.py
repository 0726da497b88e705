# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step `forget`: everything of ours for this system leaves this machine; what is left is found by looking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    facts_side,
    pg_agents,
    pg_backrest,
    pg_cluster,
    pg_conf,
    pg_demote,
    pg_guard,
    pg_host,
    pg_link,
    pg_source,
    pg_sql,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

# archive_mode ends with a restart only; with no command until then, log would fill the disk.
STILL = (
    ", which keeps log from filling the disk until {} is restarted: run dr-teardown.yml with -e restart=allowed,"
    " or restart the cluster and remove the file"
)


def forget(job: Job) -> dict[str, Any]:
    """Undo what prepare and protect did here. What serves goes on; a copy is removed with its data."""
    cluster = pg_cluster.find(job.label)
    if (
        job.side == "standby"
        and cluster
        and pg_sql.role_of(cluster) == "writable"
        and job.state.get("serving") == "standby"
    ):
        raise PlainError(f"{job.machine} serves {job.id}. Run dr-failback.yml first, then tear down.")
    pg_agents.remove(job)
    if cluster:
        job.did("settings for a new machine", pg_source.forget(cluster))
        pg_guard.remove(job, cluster)
        leave_cluster(job, cluster)
        if job.copies:
            pg_link.authorize(job, cluster, "", pg_backrest.stanza(job))
            leave_key_file(cluster)
    leave_files(job)
    return {"evidence": {"left": left(job, job.label), "changed": job.changes}}


def leave_cluster(job: Job, cluster: Cluster) -> None:
    """The primary's cluster goes on without us; a copy's cluster becomes what it was before."""
    if job.side == "primary":
        pg_demote.unhold(job, cluster)
        release_source(job, cluster)
    elif job.state:
        reset_copy(job, cluster)
    if Path(str(job.state.get("aside") or "/nowhere")).is_dir():
        job.note(f"{job.state['aside']} on {job.machine} holds what was kept of {job.id}; it stays.")


def release_source(job: Job, cluster: Cluster) -> None:
    """Slot, role, database, access rules and settings of ours leave the cluster that serves."""
    role = pg_sql.role_of(cluster)
    if role == "replica":
        raise PlainError(f"{job.machine} follows the other side. Run dr-failback.yml first, then tear down.")
    if role == "writable":
        drop_objects(job, cluster)
    text = pg_host.read(cluster.hba)
    pg_conf.put_rules(job, cluster, pg_conf.without_block(text, job.id))
    path = pg_conf.conf_path(cluster)
    if role == "down" or not archives(cluster):
        job.did("settings", pg_host.remove(path))
    else:
        job.did(
            "settings", pg_host.write(path, pg_conf.conf_text({"archive_command": "/bin/true"}), owner=cluster.owner)
        )
    if role == "writable":
        pg_conf.reload(cluster)
        restart_if_allowed(job, cluster, path)


def archives(cluster: Cluster) -> bool:
    """Whether log is archived by our doing: archive_mode is on and comes from our file."""
    ours = "coalesce(sourcefile, '') like '%/bascule.conf'"
    sql = f"select setting <> 'off' and {ours} from pg_settings where name = 'archive_mode'"
    return pg_sql.value(cluster, sql) == "t"


def restart_if_allowed(job: Job, cluster: Cluster, path: str) -> None:
    if job.options.get("restart") != "allowed" or not Path(path).exists():
        return
    pg_host.remove(path)
    pg_cluster.stop(cluster, job.limit("stop_s", 120))
    pg_cluster.start(cluster)
    if not pg_host.wait_until(lambda: pg_sql.role_of(cluster) == "writable", job.limit("start_s", 300), 0.2):
        raise PlainError(f"{cluster.label} on {job.machine} does not start again: {pg_cluster.log_tail(cluster)}.")
    job.did("restart")


def drop_objects(job: Job, cluster: Cluster) -> None:
    """The walsender of our standby ends, then its slot, the role and the database of heartbeats go."""
    name, role = pg_sql.literal(job.slot), pg_sql.literal(pg_sql.ROLE)
    pg_sql.rows(cluster, f"select pg_terminate_backend(pid) from pg_stat_activity where usename = {role}")
    slot = (
        f"select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = {name} and not active"
    )
    present = f"select 1 from pg_replication_slots where slot_name = {name}"
    had = bool(pg_sql.value(cluster, present))
    pg_host.wait_until(lambda: pg_sql.ask(cluster, slot).code == 0 and not pg_sql.value(cluster, present), 20, 0.3)
    job.did("slot", had)
    if pg_sql.value(cluster, f"select 1 from pg_roles where rolname = {role}"):
        pg_sql.rows(cluster, f"drop owned by {pg_sql.ROLE}")
        pg_sql.rows(cluster, f"drop role {pg_sql.ROLE}")
        job.did("role")
    if pg_sql.value(cluster, f"select 1 from pg_database where datname = {pg_sql.literal(pg_sql.DATABASE)}"):
        pg_sql.rows(cluster, f"drop database {pg_sql.DATABASE} with (force)")
        job.did("database bascule")


def reset_copy(job: Job, cluster: Cluster) -> None:
    """Drop the copy with its data; a cluster that existed before is there again, empty."""
    prior = job.state.get("prior") or {}
    pg_cluster.stop(cluster, 60, at_once=True)
    pg_cluster.at_boot(cluster, False)
    for name in ("bascule", "bascule-hold"):
        pg_host.remove(pg_conf.conf_path(cluster, name))
    argv = ["pg_dropcluster", cluster.version, cluster.name]
    pg_host.must(argv, f"The copy {cluster.label} on {job.machine} could not be removed", limit_s=600)
    pg_host.remove(cluster.data)
    job.did("copy removed")
    if prior.get("existed"):
        fresh = pg_cluster.create(job.label, None)
        pg_cluster.at_boot(fresh, prior.get("boot", "auto") == "auto")
        if prior.get("running"):
            pg_cluster.start(fresh)


def leave_key_file(cluster: Cluster) -> None:
    """What served keys of several systems goes with the last of them."""
    path = Path(pg_link.authorized_path(cluster))
    text = pg_host.read(path)
    if pg_link.ONLY not in text:
        pg_host.remove(pg_link.ONLY)
    if path.exists() and not text.strip():
        path.unlink()
        remove_empty(path.parent)


def remove_empty(*folders: Path) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def ours(job: Job) -> list[str]:
    """Every path that may be of ours on this machine for this system."""
    paths = [job.home, pg_link.ssh_command(job), job.state_path, f"/etc/systemd/system/{pg_agents.heartbeat_unit(job)}"]
    paths += [f"/etc/systemd/system/{pg_agents.copy_unit(job)}.{kind}" for kind in ("timer", "service")]
    paths += [pg_agents.config_path(job, name) for name in ("heartbeat", "copies")]
    paths.append(facts_side.kept_path(job.policy, job.id))
    if job.copies:
        paths += [pg_backrest.conf(job), pg_backrest.conf_copy(job)]
        if job.side == "standby":
            paths.append(str(job.copies["repository"]))
    return paths


def leave_files(job: Job) -> None:
    if job.copies:
        repository = str(job.copies["repository"])
        if not repository.startswith(pg_backrest.COPIES_ROOT) or ".." in repository:
            raise PlainError(
                f"The repository of {job.id} is not below {pg_backrest.COPIES_ROOT}. Compile the policy again."
            )
    for path in ours(job):
        job.did(path, pg_host.remove(path))
    copies = Path(pg_backrest.COPIES_ROOT)
    mine = Path(f"/etc/bascule/{job.policy}")
    kept = Path(facts_side.kept_path(job.policy, job.id)).parent
    remove_empty(kept, Path(pg_backrest.FOLDER), mine, mine.parent, Path(job.home).parent, copies / job.policy, copies)


def left(job: Job, label: str) -> list[str]:
    """What is still there, by looking again: files, access rules, settings, and objects in the database."""
    found = [path for path in ours(job) if Path(path).exists()]
    cluster = pg_cluster.find(label)
    if cluster is None:
        return found
    found += [path for path in (pg_guard.drop_in_path(cluster), pg_guard.script_path(job)) if Path(path).exists()]
    if "bascule" in pg_host.read(cluster.hba):
        found.append(cluster.hba)
    if f"bascule:{job.policy}:{job.id}" in pg_host.read(pg_link.authorized_path(cluster)):
        found.append(pg_link.authorized_path(cluster))
    for name in ("bascule", "bascule-hold"):
        path = pg_conf.conf_path(cluster, name)
        if Path(path).exists():
            found.append(path + STILL.format(cluster.label))
    if pg_sql.role_of(cluster) == "writable":
        slot = pg_sql.literal(job.slot)
        sql = (
            f"select 'role ' || rolname from pg_roles where rolname = {pg_sql.literal(pg_sql.ROLE)} union all"
            f" select 'slot ' || slot_name from pg_replication_slots where slot_name = {slot} union all"
            f" select 'database ' || datname from pg_database where datname = {pg_sql.literal(pg_sql.DATABASE)}"
        )
        found += [row[0] for row in pg_sql.rows(cluster, sql)]
    return found
