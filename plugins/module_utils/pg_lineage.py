# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backups lead to where the log has gone since: a recovery to an earlier moment leaves those after it aside.

PostgreSQL, "Continuous Archiving", Timelines: https://www.postgresql.org/docs/current/continuous-archiving.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Mapping, Sequence

from ansible_collections.bascule.continuity.plugins.module_utils import pg_awake, pg_backrest, pg_host
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.pg_points import Choice

Left = Sequence[tuple[int, int]]  # as `pg_awake.left_at` gives it
FIRST_WITH_HISTORY = 2
NOT_THERE = 1  # pgBackRest's exit code for a file that is missing


def timeline_at(left: Left, newest: int, byte: int) -> int:
    """The timeline to which a byte of the log belongs, for a recovery along `newest`.

    As `tliOfPointInHistory` of PostgreSQL, newest first: a recovery to a moment before the last fork says that it left
    a timeline before that had begun.
    """
    begun = zip([*(name for name, _end in left), newest], [0, *(end for _name, end in left)])
    return next(name for name, begin in reversed(list(begun)) if begin <= byte)


def leads_on(entry: Mapping[str, Any], left: Left, newest: int) -> bool:
    """Whether log can be replayed from a backup, as `pgbackrest info` lists it, along the timeline `newest`."""
    own = int(str(entry["archive"]["start"])[:8], 16)
    begin, end = (pg_awake.position(entry["lsn"][edge]) for edge in ("start", "stop"))
    return all(timeline_at(left, newest, byte) == own for byte in (begin, max(begin, end - 1)))


def without_dead_ends(job: Job, cluster: Cluster, choice: Choice) -> Choice:
    """The choice without backups from which the log cannot be followed. Raises PlainError when none is left.

    A backup that was asked for by name stays: it is taken as it was, along its own timeline.
    """
    if choice.kind == "backup":
        return choice
    try:
        ends = dead_ends(job, cluster)
    except PlainError as fault:
        why = str(fault).rstrip(".")
        job.notes.append(f"{why}. The newest backup was taken without knowing whether the log goes on from it.")
        return choice
    kept = tuple(name for name in choice.bases if name not in ends)
    if choice.bases and not kept:
        raise PlainError(
            f"No backup of {job.id} on {job.machine} leads to {choice.target or 'the end of the log'}: a recovery "
            "since went to a moment before all of them. The newest of them, as it was: "
            f"-e recovery_point={choice.bases[0]}."
        )
    return replace(choice, bases=kept)


def dead_ends(job: Job, cluster: Cluster) -> set[str]:
    """Backups of the repository from which the newest timeline cannot be reached."""
    info = pg_backrest.info(job, cluster)
    made = [entry for entry in info.get("backup") or [] if not entry.get("error")]
    archives = [entry for entry in info.get("archive") or [] if entry.get("max")]
    if not archives:
        return set()
    # The last one is of the present major version.
    newest, history = _newest(job, cluster, str(archives[-1]["id"]), int(str(archives[-1]["max"])[:8], 16))
    left = pg_awake.left_at(history)
    return {str(entry["label"]) for entry in made if not leads_on(entry, left, newest)}


def _newest(job: Job, cluster: Cluster, archive: str, known: int) -> tuple[int, str]:
    """The newest timeline and its history: of one that has just begun no log may have been archived yet."""
    newest, history = known, _history(job, cluster, archive, known)
    while True:
        after = _history(job, cluster, archive, newest + 1)
        if not after:
            return newest, history
        newest, history = newest + 1, after


def _history(job: Job, cluster: Cluster, archive: str, timeline: int) -> str:
    """The history file of a timeline as it was archived; empty when there is none.

    Not by `archive-get`, which wants a cluster that is whole: what is restored often is not.
    """
    if timeline < FIRST_WITH_HISTORY:
        return ""
    name = f"{timeline:08X}.history"
    path = f"archive/{pg_backrest.stanza(job)}/{archive}/{name}"
    argv = pg_backrest.command(job, "--ignore-missing", "repo-get", path)
    done = pg_host.run(argv, user=cluster.owner, limit_s=60)
    if done.code not in (0, NOT_THERE):
        raise PlainError(f"{name} of {job.id} cannot be read from the repository on {job.machine}: {done.why}")
    return done.out if done.code == 0 else ""
