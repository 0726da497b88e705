# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a former primary wrote that the other side never had: counted in its log, and kept aside before it is undone."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import pg_cluster, pg_host
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import FIRST_USER_OID, Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

ROOM = 1.2
# Rows that change in a table that somebody made; what the server does for itself is in tables of smaller numbers.
CHANGE = re.compile(r"rmgr: Heap2? .*?tx:\s+(\d+),.*desc: \S*(?:INSERT|UPDATE|DELETE|TRUNCATE)")
TABLE = re.compile(r"rel \d+/(\d+)/(\d+)")
COMMIT = re.compile(r"rmgr: Transaction .*?tx:\s+(\d+),.*desc: COMMIT (\S+ \S+ [^\s;]+)")
BELOW = re.compile(r"subxacts: ([\d ]+)")


@dataclass
class Leftover:
    """`transactions` that the other side never had, and when the last was made; `unknown` says why nobody can tell."""

    transactions: int = 0
    last_at: str = ""
    unknown: str = ""
    _open: set[str] = field(default_factory=set)

    def read(self, lines: Iterable[str], ignored: str) -> int:
        """Count from what pg_waldump prints; `ignored` is the number of the database of heartbeats. Returns lines."""
        read = 0
        for line in lines:
            read += 1
            change, commit = CHANGE.search(line), COMMIT.search(line)
            if change and any(database != ignored and int(table) >= FIRST_USER_OID
                              for database, table in TABLE.findall(line)):
                self._open.add(change.group(1))
            elif commit:
                below = BELOW.search(line)
                numbers = {commit.group(1), *(below.group(1).split() if below else [])}
                if numbers & self._open:
                    self.transactions, self.last_at = self.transactions + 1, commit.group(2)
        return read

    def __bool__(self) -> bool:
        return bool(self.transactions or self.unknown)


def fork(history: str, timeline: int) -> str:
    """Where the other side left `timeline`, as its history file says: `1\\t0/3000148\\treason`; empty: it never did."""
    rows = (line.split() for line in history.splitlines() if line.strip() and not line.startswith("#"))
    return next((row[1] for row in rows if row[0] == str(timeline)), "")


def look(job: Job, cluster: Cluster, source: Mapping[str, Any]) -> Leftover:
    """Read the log of this cluster, which does not run, from where the other side took over."""
    facts = pg_cluster.control(cluster)
    timeline = int(facts.get("Latest checkpoint's TimeLineID", "0"))
    if facts.get("Database system identifier") != source["system_identifier"]:
        return Leftover(unknown="it is another cluster")
    begin = fork(str(source.get("history") or ""), timeline)
    if not begin:
        same = timeline == int(source.get("timeline") or 0)
        return Leftover(unknown="" if same else f"the other side does not know timeline {timeline}")
    argv = [cluster.program("pg_waldump"), "-p", f"{cluster.data}/pg_wal", "-t", str(timeline), "-s", begin]
    found = Leftover()
    options: dict[str, Any] = {"cwd": "/", "env": pg_host.ENVIRONMENT, "text": True, "errors": "replace",
                               **pg_host.identity(cluster.owner)}  # fmt: skip
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with job.timed("leftover"), subprocess.Popen(argv, **pipes, **options) as reader:
        read = found.read(reader.stdout or (), str(source.get("beats") or ""))
        said = reader.stderr.read().strip() if reader.stderr else ""
    # The end of the log is told as an error, and that is fine; to have read nothing at all is not.
    if not read and "invalid record length" not in said:
        return Leftover(unknown=(said.splitlines() or ["pg_waldump read nothing"])[-1][:200])
    return found


def keep(job: Job, cluster: Cluster, source: Mapping[str, Any], *, copy: bool) -> None:
    """Put the whole data folder aside when it holds what the other side never had, and say so.

    `copy` leaves it in place as well, for pg_rewind. Nothing is kept of a copy that broke off. Raises PlainError when
    there is no room.
    """
    if job.state.get("copying") or pg_cluster.never_used(cluster):
        return
    found = look(job, cluster, source)
    if not found:
        return
    aside = f"{cluster.data}.kept-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    wrote = f"wrote {found.transactions} transactions that {source['machine']} never had, the last at {found.last_at}"
    if found.unknown:
        wrote = f"may have written what {source['machine']} never had ({found.unknown})"
    if copy:
        size, free = pg_cluster.bytes_of(cluster), room(cluster)
        if free < size * ROOM:
            raise PlainError(
                f"{job.machine} {wrote}, and has no room to keep them: {size / 1e9:.1f} GB are needed beside"
                f" {cluster.data}, {free / 1e9:.1f} are free. Make room; or, when they may be lost, remove the cluster"
                f" (pg_dropcluster {cluster.version} {cluster.name}); then run again."
            )
        argv = ["cp", "-a", "--reflink=auto", "--", cluster.data, aside]
        pg_host.must(argv, f"{cluster.data} could not be kept aside", limit_s=job.limit("copy_s", 21600))
    else:
        os.replace(cluster.data, aside)
    job.did("kept aside")
    job.save(aside=aside)
    job.note(f"{job.machine} {wrote}. {job.id} goes on without; all that was there lies in {aside} on {job.machine}.")


def room(cluster: Cluster) -> int:
    """Bytes that are free beside the data folder."""
    place = os.statvfs(str(Path(cluster.data).parent))
    return place.f_bavail * place.f_frsize
