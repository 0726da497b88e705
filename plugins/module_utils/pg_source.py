# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster needs beside its data: kept in its data folder, so that each copy brings it to a new machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    pg_cluster,
    pg_conf,
    pg_host,
    pg_prepare,
    pg_replica,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

NAME = "bascule-source.json"
STEADY = ("cluster", "settings", "hba", "ident", "libraries")
# A cluster that was restored serves by itself, and follows nobody.
FOLLOWING = ("primary_conninfo", "primary_slot_name", "restore_command")


def keep(job: Job, cluster: Cluster, facts: dict[str, Any]) -> None:
    """Lay access rules and settings of the cluster that serves beside its data; the next backup takes them along."""
    text = json.dumps({key: facts[key] for key in STEADY}, indent=1, sort_keys=True) + "\n"
    fresh = pg_host.write(f"{cluster.data}/{NAME}", text, mode=0o600, owner=cluster.owner)
    job.did("settings for a new machine", fresh)


def lay(job: Job, cluster: Cluster, source: dict[str, Any]) -> None:
    """Settings and access rules of `source` on this machine, for a cluster that does not follow it."""
    wanted = pg_replica.settings_for(job, cluster, source)
    for name in FOLLOWING:
        wanted.pop(name, None)
    text = pg_conf.conf_text(wanted)
    job.did("settings", pg_host.write(pg_conf.conf_path(cluster), text, owner=cluster.owner))
    pg_conf.ensure_rules(job, cluster, str(source["hba"]))
    ident = str(source["ident"])
    job.did("pg_ident.conf", pg_host.write(cluster.ident, ident, mode=0o640, owner=cluster.owner))


def adopt(job: Job, cluster: Cluster) -> Cluster:
    """On a machine that never knew the source: what the restored copy says of it. Returns the cluster as it is then."""
    text = pg_host.read(Path(cluster.data, NAME))
    if job.state.get("ours") == cluster.data or not text.strip():
        return cluster
    source = json.loads(text)
    job.peer = {**source, **job.peer}
    pg_prepare.check_target(job, cluster)
    lay(job, cluster, source)
    return pg_cluster.find(job.label) or cluster


def forget(cluster: Cluster) -> bool:
    """Take away what `keep` laid."""
    return pg_host.remove(f"{cluster.data}/{NAME}")
