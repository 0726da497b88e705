# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step `recover`: this side becomes the one that serves the trees."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_agents,
    files_damage,
    files_protect,
    files_swap,
    files_tree,
    machine_files,
    machine_room,
    machine_run,
    restic_repository,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

# Reading everything a second time is only done while it is quick.
VERIFY_BELOW = 4 << 30


def recover(job: Job, stop_users: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Choose a copy, restore it beside the tree and swap it in; or say that this side serves already.

    At the primary nothing is restored: what `resync` brought in the same run is accepted. `stop_users` ends
    what works on the trees, before one is replaced.
    """
    if job.copies is None:
        return {"word": "done", "evidence": {"strategy": "nothing kept", "point": None, "durations_s": {}}}
    if job.side == "primary":
        return accept(job)
    asked = job.run.get("point")
    if job.serves_already():
        point = choose(job) if asked else None
        if point is None or point["id"] == (job.state().get("point") or {}).get("id"):
            resume(job)
            return already(job)
        # Another point was asked for after all: what was written since is kept as a copy of its own.
        files_agents.copy_now(job, job.limit("copy_s", 3600))
    stop_users()
    return restored(job)


def resume(job: Job) -> None:
    """Let the trees be written to again after a hold that led to nothing."""
    if job.state().get("demoted"):
        job.save(demoted=None, serving=job.side)
        files_agents.serve(job)


def already(job: Job) -> dict[str, Any]:
    """Nothing to do: say what an earlier run did."""
    gone = [path for path in job.paths if not os.path.isdir(path)]
    if gone:
        raise TroubleError(f"{job.machine} serves {job.id}, but {', '.join(gone)} is gone. "
                           "Choose a point with -e recovery_point=.")
    state = job.state()
    return {"word": "answering", "evidence": {
        "strategy": "already", "since": state.get("since"), "run": state.get("run"), "point": state.get("point"),
        "heartbeat_at": state.get("heartbeat_at"), "durations_s": job.durations}}  # fmt: skip


def accept(job: Job) -> dict[str, Any]:
    """The primary after `resync`: its trees are those of the standby, held still since."""
    if job.serves_already():
        return already(job)
    brought = job.state().get("resynced") or {}
    if brought.get("run") != job.run.get("id") or not brought.get("final"):
        raise TroubleError(f"{job.id} was not brought back to {job.machine} in this run, so it must not serve there. "
                           "Run dr-failback.yml.")
    files_agents.release(job)
    point = {"id": "resync", "at": brought["at"], "by": "rsync"}
    job.take_over(point=point, heartbeat_at=brought["at"], demoted=None, resynced=None, protecting=None)
    job.did("serves")
    evidence = {"strategy": "resynced", "point": point, "heartbeat_at": brought["at"], "durations_s": job.durations}
    return {"word": "answering", "evidence": evidence}


def choose(job: Job) -> dict[str, Any]:
    """The point to recover. Raises TroubleError when none fits."""
    not_after = job.options.get("not_after")
    limit = float(not_after) if not_after not in (None, "") else None
    points = job.options.get("listed") or restic_repository.snapshots(job)
    try:
        return restic_repository.chosen(points, job.run.get("point") or None, limit, job.mode)
    except TroubleError as fault:
        raise TroubleError(f"{job.id}: {fault}") from None


def restored(job: Job) -> dict[str, Any]:
    """The recovery proper, at the standby."""
    machine_run.run(["systemctl", "stop", "--", job.names.unit("prune")], limit_s=60)
    files_protect.let_copies_in(job, False)
    files_agents.stand_down(job)
    with machine_files.locked(job.names.kept("lock"), 60, f"A copy of {job.id}"):
        with job.timed("choose"):
            point = choose(job)
        files_agents.release(job)
        mounts = files_swap.mount_points()
        plan = files_swap.bases(job.paths, mounts)
        refuse_full(job, point, plan)
        verify = float(job.system.get("size_bytes") or 0) <= VERIFY_BELOW
        try:
            with job.timed("restore"):
                bring(job, point, plan, verify)
            with job.timed("check"):
                facts = checked(job, point, plan)
            heartbeat = heartbeat_of(job, point, plan)
            with job.timed("swap"):
                put_in_place(job, plan, mounts)
        except restic_repository.DamagedError as why:
            given_up(job, plan)
            files_damage.remember(job, point, str(why))
            offer = files_damage.instead(job, point, restic_repository.snapshots(job))
            raise TroubleError(f"{files_damage.sentence(job, point, str(why))} {offer}") from None
        except BaseException:
            given_up(job, plan)
            raise
        files_damage.absolve(job, point)
        restored_before = list(job.state().get("restored") or [])
        shown = {key: point[key] for key in ("id", "at", "by")}
        job.take_over(point=shown, heartbeat_at=heartbeat, protecting=None, demoted=None, placed=job.paths,
                      restored=sorted({*restored_before, *([point["id"]] if verify else [])}))
        sweep(job, plan, "new", "old")
    job.did("restored")
    evidence = {"strategy": "restored", "point": shown, "heartbeat_at": heartbeat, "trees": facts,
                "content_read_again": verify, "durations_s": job.durations}  # fmt: skip
    return {"word": "data_correct" if verify else "answering", "evidence": evidence}


def given_up(job: Job, plan: dict[str, list[str]]) -> None:
    """Nothing was put in place: what served goes on to serve, and to be copied."""
    sweep(job, plan, "new")
    if job.serves_already():
        files_agents.serve(job)


def sweep(job: Job, plan: dict[str, list[str]], *what: str) -> None:
    """Remove hidden folders of ours, in the background."""
    places = [f"{base}/{job.names.beside(one)}" for base in plan for one in what]
    files_swap.sweep(places, f"bascule-sweep-{job.policy}-{job.id}")


def refuse_full(job: Job, point: dict[str, Any], plan: dict[str, list[str]]) -> None:
    """Raise TroubleError, before anything is written, when the tree has no room beside the one that is there."""
    free = {base: machine_room.free(base) for base in plan}
    # With several file systems nobody knows which part goes where.
    if len(plan) > 1 or min(free.values()) >= float(job.system.get("size_bytes") or 0):
        return
    # The policy's size is a guess; the copy itself knows, but asking it takes time.
    base, needed = next(iter(plan)), restic_repository.needed(job, point)
    if needed is not None and free[base] < needed:
        raise TroubleError(f"{base} on {job.machine} has {machine_room.amount(free[base])} free and the copy "
                           f"{point['id']} of {job.id} needs {machine_room.amount(needed)}: nothing was begun, and "
                           "what was there is untouched. Make room there and start again.")


def bring(job: Job, point: dict[str, Any], plan: dict[str, list[str]], verify: bool) -> None:
    """Restore below a hidden folder of each file system; nothing that serves is touched."""
    extras = [job.names.heartbeat, job.names.owners]
    for base, paths in plan.items():
        target = f"{base}/{job.names.beside('new')}"
        machine_files.remove(target)
        Path(base).mkdir(parents=True, exist_ok=True)
        os.mkdir(target, 0o700)
        restic_repository.restore(job, point, target, [*paths, *extras], job.limit("restore_s", 86400), verify)
        extras = []


def checked(job: Job, point: dict[str, Any], plan: dict[str, list[str]]) -> dict[str, Any]:
    """What came back, by path, with the owners of this machine. Raises TroubleError when a tree is missing."""
    first = next(iter(plan))
    owners = f"{first}/{job.names.beside('new')}{job.names.owners}"
    facts = {}
    for base, paths in plan.items():
        for path in paths:
            fresh = f"{base}/{job.names.beside('new')}{path}"
            if not os.path.isdir(fresh):
                raise TroubleError(f"The copy {point['id']} does not hold {path}; what was there is untouched. "
                                   "Choose another point, or correct the policy.")
            facts[path] = {"owners_changed": files_tree.give_back(fresh, owners), **files_tree.counted(fresh)}
    return facts


def heartbeat_of(job: Job, point: dict[str, Any], plan: dict[str, list[str]]) -> float:
    """To which moment the data reach (epoch seconds): the heartbeat in the copy, never later than the copy began."""
    text = machine_files.read(f"{next(iter(plan))}/{job.names.beside('new')}{job.names.heartbeat}").strip()
    try:
        return min(float(text), float(point["at"]))
    except ValueError:
        return float(point["at"])


def put_in_place(job: Job, plan: dict[str, list[str]], mounts: list[str]) -> None:
    """Swap all trees in; the old ones wait in a hidden folder to be swept."""
    for base, paths in plan.items():
        old = f"{base}/{job.names.beside('old')}"
        machine_files.remove(old)
        os.mkdir(old, 0o700)
        for number, path in enumerate(paths):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            files_swap.swap(f"{base}/{job.names.beside('new')}{path}", path, f"{old}/{number}", mounts)
