# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps `points`, `status` and `forget`: what copies there are, what is not well, and going without a trace."""

from __future__ import annotations

import glob
import os
import shutil
import time
from typing import Any, Callable, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import (
    facts_host,
    facts_side,
    files_agents,
    files_damage,
    files_protect,
    files_swap,
    machine_files,
    machine_forget,
    machine_run,
    machine_user,
    restic_repository,
    units_systemd,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

# What dr-status reads through: nobody waits for more.
READ_BELOW, READ_S, READ_MOST = 1 << 30, 20.0, 3
VERSIONS = {"restic": ["restic", "version"], "rclone": ["rclone", "version"], "rsync": ["rsync", "--version"]}


def points(job: Job) -> dict[str, Any]:
    """The recovery points at the standby, newest first, and how far the newest lies back."""
    if job.copies is None:
        return {"evidence": {"points": [], "lag_s": None}}
    found, damaged = files_damage.apart(job, restic_repository.snapshots(job))
    lag = round(time.time() - found[0]["at"], 1) if found else None
    return {"evidence": {"points": found, "lag_s": lag, "damaged": [point["id"] for point in damaged]}}


def status(job: Job) -> dict[str, Any]:
    """What is true of this side; problems are sentences, and none of them makes the step fail."""
    evidence = looked(job)
    return {"evidence": {**evidence, **facts_side.told(job, collectors(job, evidence["versions"]))}}


def looked(job: Job) -> dict[str, Any]:
    """What this side says of the copies: problems, age of the newest point, versions of the tools."""
    facts: dict[str, Any] = {"newest_at": None, "lag_s": None}
    if job.copies is None:
        return {**facts, "protected": True, "problems": [], "versions": {}}
    problems = list(files_protect.missing(job))
    looks: list[Callable[[Job, dict[str, Any]], list[str]]] = [look_at_copies] if copies_here(job) else []
    looks += [look_at_points] if holds_points(job) else []
    for look in looks if not problems else []:
        try:
            problems += look(job, facts)
        except TroubleError as fault:
            problems.append(str(fault))
    protected = facts["newest_at"] is not None if holds_points(job) else not problems
    versions = {name: machine_run.version(argv) for name, argv in VERSIONS.items()}
    return {**facts, "protected": protected, "problems": problems, "side": job.side,
            "versions": {name: text for name, text in versions.items() if text}}  # fmt: skip


def collectors(job: Job, versions: dict[str, str]) -> dict[str, facts_side.Collector]:
    """What both sides must share where trees are copied: facts of this side, by section."""
    return {
        "host": lambda other: facts_host.host(),
        "tools": lambda other: versions,
        "owners": lambda other: owners(job, other),
        "room": lambda other: room_facts(job),
        "licences": lambda other: facts_host.present(job.options.get("licence_files") or []),
    }


def owners(job: Job, other: Mapping[str, Any]) -> dict[str, Any] | None:
    """Whom the trees belong to where they are served; what numbers those have at the other side."""
    if not job.paths:
        return None
    return facts_host.owners(job.paths) if job.serves else facts_host.numbers(other.get("owners") or {})


def room_facts(job: Job) -> dict[str, Any] | None:
    """How large the trees are, and the room beside them: a restore is laid there before anything is replaced."""
    if not job.paths:
        return None
    return {**facts_host.space(os.path.dirname(job.paths[0])), "bytes": files_agents.last_copy(job).get("bytes_total")}


def copies_here(job: Job) -> bool:
    """Whether this side is the one that makes copies now, by what it knows itself."""
    known = job.state().get("serving")
    return known == job.side if known else job.side == "primary"


def holds_points(job: Job) -> bool:
    """Whether this side says what points there are: the standby that has them or, of a bucket, the side that serves."""
    return job.serves if job.in_bucket else job.side == "standby"


def look_at_copies(job: Job, facts: dict[str, Any]) -> list[str]:
    """How the copies went that this side makes."""
    said = files_agents.last_copy(job)
    units = (job.names.unit("heartbeat"), job.names.unit("copy", "timer"))
    problems = [f"{unit} does not run on {job.machine}. Run dr-build.yml." for unit in units
                if not units_systemd.active(unit)]
    shown = ("result", "started", "ended", "bytes_added", "bytes_total", "files")
    facts["last_copy"] = {key: said.get(key) for key in shown}
    return problems + wrong_with_copies(job, said)


def wrong_with_copies(job: Job, said: dict[str, Any]) -> list[str]:
    """Of what the agent said last about its copies: that one failed, that the newest whole one is too old."""
    problems, every = [], float((job.copies or {})["every_s"])
    if said.get("result") in ("failed", "incomplete"):
        problems.append(f"The last copy of {job.id} is {said['result']}: {str(said.get('message')).rstrip('.')}.")
    age = time.time() - float(said.get("ok_at") or 0)
    if age > 2 * every + 300:
        when = f"{age / 60:.0f} minutes old" if said.get("ok_at") else "not there"
        problems.append(f"The newest whole copy of {job.id} is {when}, one is due every {every / 60:g} minutes.")
    return problems


def look_at_points(job: Job, facts: dict[str, Any]) -> list[str]:
    """What the repository holds, whether it is looked after, and whether a restore would have room."""
    every_one = restic_repository.snapshots(job)
    found, facts["damaged"], blocking = sound(job, every_one)
    facts["blocking"] = blocking
    if every_one and not found:
        return [f"No copy of {job.id} on {job.machine} can be read to its end. Look at its disk."]
    if not found:
        place = f"in {restic_repository.where(job)}" if job.in_bucket else f"on {job.machine}"
        return [f"There is no copy of {job.id} {place}. Run dr-build.yml."]
    facts.update(newest_at=found[0]["at"], lag_s=round(time.time() - found[0]["at"], 1), points=len(found),
                 oldest_at=found[-1]["at"])
    problems = [*blocking, *(files_protect.room(job) if job.side == "standby" else [])]
    every = float((job.copies or {})["every_s"])
    if facts["lag_s"] > 2 * every + 300:
        age = f"{facts['lag_s'] / 60:.0f} minutes"
        problems.append(f"The newest copy of {job.id} is {age} old, one is due every {every / 60:g} minutes.")
    pruned = machine_files.read_json(job.names.kept("prune.json"))
    if pruned.get("result") == "failed":
        problems.append(f"Looking after the copies of {job.id} failed: {str(pruned.get('message')).rstrip('.')}.")
    return problems


def sound(job: Job, points: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """Points that an activation could take, identities of those that are damaged, and what that means for one now.

    The newest is read from its first byte to its last where that is quick.
    """
    bad = {point["id"] for point in files_damage.apart(job, points)[1]}
    # What leaves a bucket is paid for, and goes over the firm's line.
    quick = not job.in_bucket and float(job.system.get("size_bytes") or 0) <= READ_BELOW
    for point in points[:READ_MOST] if quick else []:
        if restic_repository.whole(job, point, READ_S) is not False:
            bad.discard(point["id"])
            break
        bad.add(point["id"])
    left = [point for point in points if point["id"] not in bad]
    if not points or points[0]["id"] not in bad:
        return left, sorted(bad), []
    what = f"The newest whole one is {files_damage.offered(points[0], left[0])}" if left else "None is whole."
    return left, sorted(bad), [f"The newest copy {points[0]['id']} of {job.id} on {job.machine} is damaged: an "
                               f"activation now would stop there. {what}"]


def forget(job: Job) -> dict[str, Any]:
    """Remove all of ours. The firm's trees stay at the primary; at the standby those go that a recovery laid there."""
    names, state = job.names, job.state()
    if job.side == "standby" and state.get("serving") == "standby":
        raise TroubleError(f"{job.machine} serves {job.id}. Run dr-failback.yml first, then tear down.")
    kept = [place for place in state.get("kept") or [] if os.path.isdir(place)]
    notes = [f"{place} on {job.machine} holds what was kept of {job.id}; it stays." for place in kept]
    if job.in_bucket and job.side == "primary":
        notes.append(f"The copies of {job.id} stay in the bucket until its lock lets them go.")
    files_agents.remove(job)
    if job.side == "standby":
        for what in ("copy", "tree"):
            job.did("key", machine_user.authorise(names.mark(what), ""))
        job.did("rule of sudo", machine_user.may_run(names.sudoers, ""))
        for path in state.get("placed") or []:
            job.did(path, clear(path))
        job.did("copies", machine_files.remove(job.repository) if job.copies and not job.in_bucket else False)
    for place in ours(job):
        job.did(place, machine_files.remove(place))
    for place in (names.etc, f"{names.var}/state", f"{names.var}/heartbeat", f"{names.var}/cache", names.var,
                  f"/var/lib/bascule/copies/{job.policy}", "/var/lib/bascule/copies"):
        machine_files.remove_if_empty(place)
    changed, rest = machine_forget.shared()
    job.did("agents and the user bascule", changed)
    return {"notes": notes, "evidence": {"left": left(job) + rest, "changed": job.changes}}


def clear(path: str) -> bool:
    """Remove a tree that a recovery laid; of a mount, what is in it."""
    if not os.path.isdir(path):
        return False
    if path not in files_swap.mount_points():
        shutil.rmtree(path)
        return True
    names = [name for name in os.listdir(path) if name != files_swap.KEPT]
    removed = [machine_files.remove(f"{path}/{name}") for name in names]
    return bool(removed)


def ours(job: Job) -> list[str]:
    """Files and folders of this system that are on this machine, found by looking."""
    names = job.names
    hidden = {os.path.dirname(path) for path in job.paths} | set(job.paths)
    patterns = [f"{glob.escape(base)}/{glob.escape(names.beside('')[:-1])}.*" for base in sorted(hidden)]
    patterns += [f"{names.etc}/{job.id}.*", f"{names.var}/state/{job.id}.*", f"{names.var}/state/.{job.id}.*",
                 f"{names.heartbeat}", f"{names.heartbeat}.owners", f"{names.var}/heartbeat/.{job.id}.new", names.cache]
    return sorted(place for pattern in patterns for place in glob.glob(pattern))


def left(job: Job) -> list[str]:
    """What of ours is still there, by looking: files, units, keys, rules, copies."""
    names = job.names
    units = [str(units_systemd.FOLDER / name) for kind in files_agents.KINDS
             for name in (names.unit(kind), names.unit(kind, "timer"))]  # fmt: skip
    here = job.copies is not None and not job.in_bucket
    places = [*units, f"{machine_user.SUDOERS}/{names.sudoers}", job.repository if here else ""]
    found = [*ours(job), *(place for place in places if place and os.path.exists(place))]
    keys = machine_files.read(machine_user.AUTHORIZED)
    return found + [machine_user.AUTHORIZED for what in ("copy", "tree") if names.mark(what) in keys]
