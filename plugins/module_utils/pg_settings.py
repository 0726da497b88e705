# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our settings on the cluster that serves: a restart is asked for first, what others have set is respected."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    pg_backrest,
    pg_cluster,
    pg_conf,
    pg_host,
    pg_sql,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job


def apply(job: Job, cluster: Cluster, *, archive: bool = False) -> None:
    """Our settings on the cluster that serves; restarts it only when that was allowed.

    `archive` lets log go to the repository; before the repository is ready, log segments are let go.
    """
    now = pg_sql.settings(cluster)
    wanted = {**pg_conf.kept(cluster), **pg_conf.source_settings(job, cluster, now)}
    if job.copies:
        refuse_other_archive(job, now)
        ours = pg_backrest.archive_command(job)
        wanted["archive_command"] = ours if archive or now["archive_command"][0] == ours else "/bin/true"
    late = pg_conf.needs_restart(wanted, now)
    allowed = job.options.get("restart") == "allowed"
    if late and not allowed:
        raise PlainError(
            f"The cluster {cluster.label} on {job.machine} must be restarted (some seconds of interruption) for:"
            f" {', '.join(late)}. It was not touched. Run it again with -e restart=allowed when that is acceptable."
        )
    path = pg_conf.conf_path(cluster)
    if job.did("settings", pg_host.write(path, pg_conf.conf_text(wanted), owner=cluster.owner)) and not late:
        pg_conf.reload(cluster)
        time.sleep(0.2)  # the reload is a signal
    if late:
        restart(job, cluster)
    check_settings(job, cluster, wanted)


def restart(job: Job, cluster: Cluster) -> None:
    """Stop and start the cluster of production, as was allowed."""
    with job.timed("restart"):
        pg_cluster.stop(cluster, job.limit("stop_s", 120))
        pg_cluster.start(cluster)
        if not pg_host.wait_until(lambda: pg_sql.role_of(cluster) == "writable", job.limit("start_s", 300), 0.2):
            raise PlainError(
                f"The cluster {cluster.label} on {job.machine} does not accept writes after its restart:"
                f" {pg_cluster.log_tail(cluster)}. Look at {cluster.log}; {pg_conf.conf_path(cluster)} is ours."
            )
    job.did("restart")


def check_settings(job: Job, cluster: Cluster, wanted: dict[str, str]) -> None:
    """Raises PlainError when another file outranks ours."""
    sql = "select name from pg_file_settings where not applied and error is not null"
    broken = [row[0] for row in pg_sql.rows(cluster, sql)]
    sql = "select name, sourcefile from pg_settings where sourcefile is not null"
    where = {row[0]: row[1] for row in pg_sql.rows(cluster, sql)}
    foreign = [name for name in wanted if not where.get(name, "").endswith("/bascule.conf")]
    equal = [name for name in foreign if name not in broken and same_value(cluster, name, wanted[name])]
    left = sorted(set(foreign) - set(equal) - {"primary_conninfo", "primary_slot_name"})
    if left:
        raise PlainError(
            f"On {job.machine}, {where.get(left[0]) or 'the server'} overrides settings that {job.id} needs:"
            f" {', '.join(left)}. Remove them there, or set {left[0]} = '{wanted[left[0]]}'."
        )


def same_value(cluster: Cluster, name: str, text: str) -> bool:
    return pg_sql.value(cluster, f"select current_setting({pg_sql.literal(name)})") == text


def refuse_other_archive(job: Job, now: dict[str, Any]) -> None:
    """A firm's own archiving is never replaced in silence."""
    command = now["archive_command"][0]
    idle = {"", "(disabled)", "/bin/true", "true", ":"}
    if command in idle or command == pg_backrest.archive_command(job) or job.options.get("archive") == "replace":
        return
    raise PlainError(
        f"The cluster on {job.machine} archives its log already, with another command. Bascule would replace it."
        f" Take archive_command out of {now['archive_command'][3] or 'its settings'}, or drop pgbackrest from {job.id}."
    )
