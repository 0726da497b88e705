# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents of one guest on a host: copies, reading them back, pruning, and the release after a boot."""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_agents,
    machine_files,
    machine_run,
    restic_repository,
    units_systemd,
)
from ansible_collections.bascule.continuity.plugins.module_utils.vm_job import Job

QUIET = "Nice=10\nIOSchedulingPriority=7\n"
KINDS: dict[str, dict[str, str]] = {
    "point": {"what": "copies", "unit": "After=network-online.target libvirtd.service\n",
              "service": f"Type=oneshot\nKillMode=mixed\n{QUIET}TimeoutStartSec=25h\n"},
    "forward": {"what": "reading copies back", "unit": "",
                "service": f"Type=oneshot\nKillMode=mixed\n{QUIET}TimeoutStartSec=25h\n"},
    "prune": files_agents.KINDS["prune"],
    "release": {"what": "release after a boot",
                "unit": "After=network-online.target libvirtd.service libvirtd.socket\nWants=network-online.target\n",
                # It waits for the other site; a oneshot would keep the whole host at "starting" for as long.
                "service": f"Type=simple\nRuntimeMaxSec=30min\n{files_agents.AT_BOOT}"},
}  # fmt: skip
# How often the standby looks for a new copy: what is listed costs little, and an instant start waits for it.
LOOK_S = 60
AT_STANDBY = frozenset({"forward", "prune"})


def configuration(job: Job) -> dict[str, Any]:
    """What the agents of this guest read: plain facts and paths, no secret."""
    names, copies = job.names, job.copies or {}
    common = {"by": job.host["by"], "guest": job.guest, "staging": job.staging, "target": job.target,
              "chains": job.chains, "side": job.side}
    lock, standby = {"lock": names.kept("lock")}, job.side == "standby"
    config: dict[str, Any] = {
        "policy": job.policy, "system": job.id, "tree": {"paths": job.paths},
        "guest": {**common, "whose": f"{job.policy} {job.id}"},
        "point": {**common, **lock, "how": copies["by"], "restic": restic_repository.argv(job),
                  "tags": [f"serving={job.side}"], "state": names.kept("copy.json"),
                  "full_every_s": copies.get("full_every_s", 0)},
        "release": {**common, "serves": names.kept("json"),
                    "asks": None if standby else [*restic_repository.argv(job), "cat", "config", "--no-lock"]},
    }  # fmt: skip
    if standby:
        reading = restic_repository.reading(job)
        config["guest"]["reading"] = reading
        config["forward"] = {**common, **lock, "reading": reading, "state": names.kept("forward.json"),
                             "keep": bool(copies["ready"])}
        config["prune"] = {**lock, "restic": restic_repository.argv(job, may_delete=True), "keep_s": copies["keep_s"],
                           "state": names.kept("prune.json")}  # fmt: skip
    return config


def unit_texts(job: Job) -> dict[str, str]:
    """All unit files of this guest at this host, by name."""
    facts = {"policy": job.policy, "system": job.id, "config": job.names.setting("json"),
             "home": files_agents.runtime_files.HOME}
    kinds = {kind: parts for kind, parts in KINDS.items() if kind not in AT_STANDBY or job.side == "standby"}
    texts = {}
    for kind, parts in kinds.items():
        runs = files_agents.RUNS.format(verb=kind, **facts)
        filled = {**facts, **parts, "runs": runs, "service": parts["service"].format(**facts)}
        texts[job.names.unit(kind)] = files_agents.SERVICE.format(**filled)
    every = int((job.copies or {})["every_s"])
    times = {"point": (every, every), "forward": (60, min(every, LOOK_S)), "prune": (900, files_agents.DAY_S)}
    for kind in (kind for kind in times if kind in kinds):
        first, period = times[kind]
        filled = {**facts, "what": kinds[kind]["what"], "first": first, "every": period}
        texts[job.names.unit(kind, "timer")] = files_agents.TIMER.format(**filled)
    return texts


def ensure(job: Job) -> None:
    """Configuration and units, started or not."""
    machine_files.folder(job.names.etc)
    fresh = machine_files.write_json(job.names.setting("json"), configuration(job), mode=0o600)
    job.did("units", units_systemd.put(unit_texts(job)) or fresh)


def serve(job: Job) -> None:
    """Copies from now on, also after the host was started again; then the guest is released once it may be."""
    ensure(job)
    units_systemd.at_boot(job.names.unit("release"), True)
    job.did("timer of copies", units_systemd.run_always(job.names.unit("point", "timer")))


def stand_down(job: Job) -> None:
    """No copies from this host any more, and no start after a boot."""
    units_systemd.at_boot(job.names.unit("release"), False)
    for unit in (job.names.unit("point", "timer"), job.names.unit("point")):
        job.did(f"{unit} stopped", units_systemd.run_never(unit))


def read_back(job: Job, wanted: bool) -> None:
    """At the standby: let new copies be read back, or not while their images are used."""
    timer = job.names.unit("forward", "timer")
    if wanted:
        job.did("timer of reading back", units_systemd.run_always(timer))
        return
    for unit in (timer, job.names.unit("forward")):
        job.did(f"{unit} stopped", units_systemd.run_never(unit))


def copy_now(job: Job, limit_s: float) -> dict[str, Any]:
    """See `files_agents.copy_now`."""
    return files_agents.copy_now(job, limit_s, "point")


def read_back_now(job: Job, limit_s: float) -> dict[str, Any]:
    """At the standby: read the newest copy back now, and say how it went."""
    machine_run.run(["systemctl", "start", "--", job.names.unit("forward")], limit_s=limit_s)
    return machine_files.read_json(job.names.kept("forward.json"))


def remove(job: Job) -> None:
    """Stop the agents of this guest and take their units away."""
    names = [job.names.unit(kind, suffix) for kind in KINDS for suffix in ("timer", "service")]
    job.did("units removed", units_systemd.remove(names))
