# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps `status` and `forget` of a guest: what is not well, who imposes what on the host, and going without a trace."""

from __future__ import annotations

import os
import time
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    facts_host,
    facts_side,
    files_agents,
    files_status,
    machine_files,
    machine_forget,
    machine_run,
    machine_user,
    plain_time,
    vm_agents,
    vm_points,
    vm_protect,
)
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.vm_job import Job

VERSIONS = {"libvirt": ["virsh", "--version"], "qemu-img": ["qemu-img", "--version"], "restic": ["restic", "version"],
            "virtnbdbackup": ["virtnbdbackup", "--version"]}


def status(job: Job) -> dict[str, Any]:
    """What is true of this side; problems are sentences, and none of them makes the step fail."""
    facts: dict[str, Any] = {"newest_at": None, "lag_s": None, "blocking": [], "unmet": []}
    problems = vm_protect.missing(job)
    serves = files_status.copies_here(job)
    looks = [look_at_guest, look_at_copies if serves else look_at_place]
    looks += [look_at_points] if job.side == "standby" else []
    for look in looks if not problems else []:
        try:
            problems += look(job, facts)
        except TroubleError as fault:
            problems.append(str(fault))
    versions = {name: machine_run.version(argv) for name, argv in VERSIONS.items()}
    shared = facts_side.told(job, {
        "host": lambda other: facts_host.host(),
        "tools": lambda other: {name: text for name, text in versions.items() if text},
        "room": lambda other: {**facts_host.space(os.path.dirname(job.target)),
                               "bytes": files_agents.last_copy(job).get("bytes_total")},
    })  # fmt: skip
    protected = facts["newest_at"] is not None if job.side == "standby" else not problems
    return {"evidence": {**facts, **shared, "basket": basket(job), "protected": protected, "problems": problems,
                         "side": job.side, "versions": {name: text for name, text in versions.items() if text}}}


def basket(job: Job) -> dict[str, Any]:
    """What this host owes: who imposes its deadline, and how full it is with all guests that are promised to it."""
    host = job.host
    promised = {level: load["memory_bytes"] for level, load in host["promised"].items()}
    full = host["memory_bytes"] or 1
    return {"machine": job.machine, "imposed": host["imposed"], "guests": host["guests"],
            "level": job.settings["levels"][job.side]["level"], "memory_bytes": host["memory_bytes"],
            "memory_full": round(promised["full"] / full, 3), "memory_minimum": round(promised["minimum"] / full, 3),
            "disk_full": round(host["promised"]["full"]["disk_bytes"] / (host["disk_bytes"] or 1), 3)}


def look_at_guest(job: Job, facts: dict[str, Any]) -> list[str]:
    """Whether the guest runs where it should and nowhere else, and whether its agent answers."""
    look = job.ask("look")
    facts["guest"] = {key: look[key] for key in ("state", "guarded", "released")}
    serves, problems = files_status.copies_here(job), []
    if serves and look["state"] != "running":
        problems.append(f"{job.guest} is {look['state']} on {job.machine}, which serves it. Start it: virsh start.")
    if not serves and look["state"] == "running":
        problems.append(f"{job.guest} runs on {job.machine}, which does not serve it: it may run twice. Shut one down.")
        facts["blocking"] = [*facts["blocking"], problems[-1]]
    if not look["guarded"]:
        problems.append(f"Nothing keeps {job.guest} from being started twice on {job.machine}. Run dr-build.yml.")
    elif serves and not look["released"]:
        problems.append(f"{job.guest} is not released on {job.machine}: it would not start again. Run dr-build.yml.")
    facts["unmet"] = list(problems)
    if look["agent"]:
        problems.append(f"Copies of {job.id} are as after a power cut: {look['agent']}.")
        # A guest without an agent is the firm's choice; one that fell silent is a fault.
        facts["unmet"] += problems[-1:] if look["agent_lost"] else []
    return problems


def look_at_copies(job: Job, facts: dict[str, Any]) -> list[str]:
    """How the copies went that this side makes."""
    said = files_agents.last_copy(job)
    keys = ("result", "started", "ended", "bytes_added", "bytes_total", "consistent", "how", "level", "mended")
    facts["last_copy"] = {key: said.get(key) for key in keys}
    return files_status.wrong_with_copies(job, said)


def look_at_place(job: Job, facts: dict[str, Any]) -> list[str]:
    """Whether the guest could run here: networks, folders, processor, names, room."""
    found = vm_protect.standing_in_the_way(job)
    facts["blocking"] = [*facts["blocking"], *found]
    return found


def look_at_points(job: Job, facts: dict[str, Any]) -> list[str]:
    """What the repository holds, and whether the newest could be read back."""
    points, bad = vm_points.listed(job), vm_points.damaged(job)
    good = [point for point in points if point["id"] not in bad]
    facts["damaged"] = [point["id"] for point in points if point["id"] in bad]
    if not good:
        return [f"There is no copy of {job.id} on {job.machine} that can be read back. Run dr-build.yml."]
    facts.update(newest_at=good[0]["at"], lag_s=round(time.time() - good[0]["at"], 1), points=len(good),
                 oldest_at=good[-1]["at"], verified_at=next((one["at"] for one in good if one["verified"]), None))
    problems, every = [], float((job.copies or {})["every_s"])
    if points[0]["id"] in bad:
        older = plain_time.span(points[0]["at"] - good[0]["at"])
        problems.append(f"The newest copy {points[0]['id']} of {job.id} is damaged: an activation now would take "
                        f"{good[0]['id']}, {older} older.")
    if facts["lag_s"] > 2 * every + 300:
        problems.append(f"The newest copy of {job.id} is {facts['lag_s'] / 60:.0f} minutes old, one is due every "
                        f"{every / 60:g} minutes.")
    said = vm_points.read_back(job)
    if said.get("result") == "failed":
        problems.append(f"Copies of {job.id} are not read back: {str(said.get('message')).rstrip('.')}.")
    return problems


def forget(job: Job) -> dict[str, Any]:
    """Remove all of ours. The firm's guest stays at the primary; at the standby the one goes that a recovery laid."""
    names, state = job.names, job.state()
    if job.side == "standby" and state.get("serving") == "standby":
        raise TroubleError(f"{job.machine} serves {job.id}. Run dr-failback.yml first, then tear down.")
    vm_agents.remove(job)
    stays: str | None = None
    if os.path.exists(names.setting("json")) and os.path.exists(machine_forget.LAUNCHER):
        said = job.ask("forget", 14400, undefine=job.side == "standby" and bool(state.get("placed")))
        stays = said["stays"]
        for folder in said["removed"]:
            job.did(folder)
    if job.side == "standby":
        for what in ("copy", "tree"):
            job.did("key", machine_user.authorise(names.mark(what), ""))
        job.did("rule of sudo", machine_user.may_run(names.sudoers, ""))
        job.did("copies", machine_files.remove(job.repository))
    notes = [f"{stays} on {job.machine} holds the disks of {job.guest}; it stays."] if stays else []
    for place in ours(job, stays):
        job.did(place, machine_files.remove(place))
    for place in (names.etc, f"{names.var}/state", f"{names.var}/guest", f"{names.var}/chains", f"{names.var}/cache",
                  names.var, f"/var/lib/bascule/copies/{job.policy}", "/var/lib/bascule/copies"):
        machine_files.remove_if_empty(place)
    changed, rest = machine_forget.shared()
    job.did("agents and the user bascule", changed)
    return {"notes": notes, "evidence": {"left": left(job, stays) + rest, "changed": job.changes}}


def ours(job: Job, stays: str | None) -> list[str]:
    """Files and folders of ours for this guest, found by looking; without what holds the firm's own disks."""
    return [place for place in files_status.ours(job) if place != stays]


def left(job: Job, stays: str | None) -> list[str]:
    """What of ours is still there, by looking: files, units, keys, copies, images."""
    units = [str(vm_agents.units_systemd.FOLDER / job.names.unit(kind, suffix)) for kind in vm_agents.KINDS
             for suffix in ("service", "timer")]  # fmt: skip
    places = [*units, *(() if stays else (job.target,)), job.staging, job.chains]
    places += [job.repository] if job.side == "standby" else []
    keys = machine_files.read(machine_user.AUTHORIZED)
    found = [*ours(job, stays), *(place for place in places if os.path.lexists(place))]
    return found + [machine_user.AUTHORIZED for what in ("copy", "tree") if job.names.mark(what) in keys]
