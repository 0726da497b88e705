# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a primary that comes back from serving beside the standby: its unit asks the other side before each start."""

from __future__ import annotations

import ipaddress
import shlex

from ansible_collections.bascule.continuity.plugins.module_utils import pg_host, pg_link, pg_sql
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

# In any doubt the cluster starts: a standby that is down, or a broken guard, must not keep production from working.
SCRIPT = """#!/bin/sh
# Written by Bascule: exit code 1 keeps this cluster from starting, because the other side accepts writes.
[ -e {data}/standby.signal ] && exit 0
for try in 1 2 3; do
  answer=$(timeout 5 runuser -u {owner} -- env PGPASSFILE={home}/passfile PGCONNECT_TIMEOUT=2 \\
    psql -XAtq -h {address} -p {port} -U {role} -d postgres -c 'select pg_is_in_recovery()' 2>/dev/null)
  case $answer in
    t) exit 0 ;;
    f) echo 'The other side serves: this cluster stays stopped. Run dr-failback.yml.' >&2; exit 1 ;;
  esac
  sleep 1
done
exit 0
"""
DROP_IN = "# Written by Bascule.\n[Service]\nExecCondition={path}\n"


def script_path(job: Job) -> str:
    return f"{pg_link.TOOLS}/may-start-{job.policy}-{job.id}"


def drop_in_path(cluster: Cluster) -> str:
    return f"/etc/systemd/system/{cluster.unit}.d/bascule.conf"


def ensure(job: Job, cluster: Cluster) -> None:
    """Put the question before the start of the primary's cluster."""
    text = SCRIPT.format(
        data=shlex.quote(cluster.data),
        owner=shlex.quote(cluster.owner),
        home=shlex.quote(job.home),
        address=str(ipaddress.ip_address(job.address(job.other))),
        port=int(cluster.port),
        role=pg_sql.ROLE,
    )
    job.did("start guard", pg_host.write(script_path(job), text, mode=0o755))
    if job.did("start guard of the unit", pg_host.write(drop_in_path(cluster), DROP_IN.format(path=script_path(job)))):
        pg_host.run(["systemctl", "daemon-reload"], limit_s=60)


def remove(job: Job, cluster: Cluster) -> None:
    """Take the question away."""
    pg_host.remove(script_path(job))
    if job.did("start guard", pg_host.remove(drop_in_path(cluster))):
        pg_host.run(["systemctl", "daemon-reload"], limit_s=60)
