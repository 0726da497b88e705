# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a backup back: into a folder of its own where there is room, from an older one where the newest is damaged."""

from __future__ import annotations

import errno
import os
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.bascule.continuity.plugins.module_utils import (
    pg_awake,
    pg_backrest,
    pg_cluster,
    pg_conf,
    pg_host,
    pg_source,
    pg_sql,
    plain_time,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.pg_points import Choice

# What the machine lacks, rather than the backup: another backup would not help.
NOT_THE_COPY = ("no space left", "no end after", "permission denied", "read-only file system")
# A data folder that is a mount of its own, or part of a machine's image, cannot be renamed: it is restored in place.
UNMOVABLE = (errno.EBUSY, errno.EXDEV)
LEFTOVERS = ("postmaster.pid", "backup_label", "tablespace_map", "standby.signal", "recovery.signal")


def restore(job: Job, cluster: Cluster, choice: Choice) -> None:
    """Restore a backup, replay log, and wait until writes are accepted. What was there is put back when that fails."""
    was = pg_cluster.running(cluster)
    with job.timed("stop"):
        pg_cluster.stop(cluster, 20, at_once=True)
    settings = pg_host.read(pg_conf.conf_path(cluster))
    aside = put_aside(job, cluster)
    pg_host.folder(cluster.data, mode=0o700, owner=cluster.owner)
    for leftover in LEFTOVERS:
        pg_host.remove(f"{cluster.data}/{leftover}")
    drop_live_settings(job, cluster)
    try:
        with job.timed("restore"):
            fetch(job, cluster, choice)
        come_up(job, pg_source.adopt(job, cluster), choice)
    except (PlainError, OSError) as fault:
        if not aside:
            raise
        pg_cluster.stop(cluster, 20, at_once=True)
        put_back(cluster)
        pg_host.write(pg_conf.conf_path(cluster), settings, owner=cluster.owner)
        if was:
            pg_cluster.start(cluster)
        raise PlainError(f"{str(fault).rstrip('.')}. What was there before is untouched.") from None
    if aside:
        pg_host.discard(aside, f"bascule-sweep-{job.policy}-{job.id}")
    job.did("restored")


def put_aside(job: Job, cluster: Cluster) -> str:
    """Keep what is in the data folder until a restore has succeeded, where that can be; returns where, or nothing."""
    data = Path(cluster.data)
    if not (data / "PG_VERSION").is_file() or any((data / "pg_tblspc").glob("*")):
        return ""
    room = os.statvfs(str(data))
    if room.f_bavail * room.f_frsize < float(job.system.get("size_bytes") or 0) * 1.2:
        return ""
    pg_host.remove(place(cluster))
    try:
        os.replace(cluster.data, place(cluster))
    except OSError as fault:
        if fault.errno not in UNMOVABLE:
            raise
        return ""
    return place(cluster)


def place(cluster: Cluster) -> str:
    """Where the data folder waits for the end of a restore."""
    return f"{cluster.data}.before-restore"


def put_back(cluster: Cluster) -> None:
    """Undo a restore that did not end."""
    pg_host.remove(cluster.data)
    os.replace(place(cluster), cluster.data)


def tidy(job: Job, cluster: Cluster) -> None:
    """After a run that was killed: undo a restore that did not come to its end, forget what one that did left."""
    if not Path(place(cluster)).exists():
        return
    if pg_cluster.running(cluster):
        pg_host.discard(place(cluster), f"bascule-sweep-{job.policy}-{job.id}")
    else:
        put_back(cluster)


def come_up(job: Job, cluster: Cluster, choice: Choice) -> None:
    """Start what was restored and wait for the end of its replay."""
    with job.timed("start"):
        pg_cluster.start(cluster)
        limit = job.limit("replay_s", 43200)
        pg_host.wait_until(lambda: pg_sql.role_of(cluster) != "down" or pg_awake.gone(cluster), limit, 0.2)
    with job.timed("replay"):
        pg_awake.replayed(job, cluster, choice, limit)


def fetch(job: Job, cluster: Cluster, choice: Choice) -> None:
    """Bring the newest backup that the choice allows, or one before it when that is damaged. Raises PlainError."""
    damaged: list[tuple[str, str]] = []
    for base in choice.bases or ("",):
        done = pg_host.run(argv(job, choice, base), user=cluster.owner, limit_s=job.limit("restore_s", 43200))
        if done.code == 0:
            absolved(job, base)
            if damaged:
                job.notes.append(older_base(job, damaged, base))
            return
        why = reason(done)
        if any(words in f"{done.out}{done.err}".lower() for words in NOT_THE_COPY):
            raise PlainError(f"The copy of {job.id} could not be restored on {job.machine}: {why}")
        damaged.append((base, why))
        if base:
            job.save(damaged={**(job.state.get("damaged") or {}), base: why})
    if choice.kind == "backup":
        raise PlainError(offer(job, choice, damaged[0][1]))
    told = "; ".join(f"{base or 'the newest'} ({why})" for base, why in damaged)
    raise PlainError(f"No backup of {job.id} on {job.machine} can be restored: {told}. Look at the disk of the "
                     "repository. Where a live copy is kept, -e recovery_point=live takes that one as it is.")


def absolved(job: Job, base: str) -> None:
    """A backup that was restored is not damaged, whatever was found earlier."""
    left = {name: why for name, why in (job.state.get("damaged") or {}).items() if name != base}
    if left != (job.state.get("damaged") or {}):
        job.save(damaged=left)


def reason(done: pg_host.Done) -> str:
    """pgBackRest's own reason, without its time stamps and repetitions."""
    lines = [line.strip() for line in f"{done.err}\n{done.out}".splitlines() if "ERROR" in line]
    return (lines[0].partition("ERROR:")[2].strip() if lines else done.why)[:200]


def made(job: Job, choice: Choice, base: str) -> float:
    """When a backup of the choice ended, epoch seconds."""
    return float(dict(choice.made)[base])


def older_base(job: Job, damaged: list[tuple[str, str]], base: str) -> str:
    """The note that another backup than the newest was taken, and that the log makes up for it."""
    names = ", ".join(f"{name} ({why})" for name, why in damaged)
    return (f"{job.id}: the backup {names} is damaged. {base} was restored instead, and the archived log replayed to "
            "the same moment: nothing more is lost by that. Make a full backup soon.")


def offer(job: Job, choice: Choice, why: str) -> str:
    """What can be recovered instead of a damaged backup that was asked for by name, and what that loses."""
    when = dict(choice.made)
    at = float(when[choice.target])
    older = max((name for name in when if float(when[name]) < at), key=lambda name: float(when[name]), default="")
    said = (f"The backup {choice.target} of {job.id}, made {plain_time.utc(at)}, is damaged and was not "
            f"recovered ({why}).")
    if not older:
        return f"{said} There is no older backup on {job.machine}."
    moment = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (f"{said} The same moment can be reached from the backup before it and the archived log: "
            f"-e recovery_point={moment}. The older backup alone is {older}, {plain_time.span(at - float(when[older]))}"
            f" older: what was written in between would be lost. To take it: -e recovery_point={older}.")


def argv(job: Job, choice: Choice, base: str) -> list[str]:
    """The pgBackRest command of a choice: newest, a backup as it was, or a moment; from the backup `base` if named."""
    follow = pg_backrest.restore_command(job, ahead=choice.ahead)
    kinds = {
        "newest": ["--type=default"],
        # Along its own timeline, which a later recovery may have left.
        "backup": ["--type=immediate", "--target-action=promote", "--target-timeline=current"],
        "time": ["--type=time", f"--target={choice.target}", "--target-action=promote"],
    }
    named = [f"--set={base or choice.target}"] if base or choice.kind == "backup" else []
    return pg_backrest.command(
        job, "--delta", *named, *kinds[choice.kind], f"--recovery-option=restore_command={follow}", "restore"
    )


def drop_live_settings(job: Job, cluster: Cluster) -> None:
    """A restored cluster follows nobody."""
    path = pg_conf.conf_path(cluster)
    lines = pg_host.read(path).splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("primary_", "restore_command"))]
    job.did("settings", pg_host.write(path, "".join(kept), owner=cluster.owner))
