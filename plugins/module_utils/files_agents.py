# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents of one system on a machine: their configuration, their units, and one copy on demand."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    bucket_age,
    machine_files,
    machine_forget,
    machine_run,
    restic_repository,
    runtime_files,
    units_systemd,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

LAUNCHER = machine_forget.LAUNCHER
LAUNCHER_TEXT = f"""#!/usr/bin/python3 -I
# Written by Bascule: starts an agent for sudo, which hands no PYTHONPATH on.
import runpy, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "{runtime_files.HOME}")
runpy.run_module("bascule_runtime", run_name="__main__", alter_sys=True)
"""
DAY_S = 86400
SERVICE = """# Written by Bascule.
[Unit]
Description=Bascule: {what} of {system} ({policy})
{unit}
[Service]
Environment=PYTHONPATH={home} PYTHONDONTWRITEBYTECODE=1
ExecStart={runs}
{service}"""
RUNS = "/usr/bin/python3 -m bascule_runtime {verb} --config {config}"
TIMER = """# Written by Bascule.
[Unit]
Description=Bascule: {what} of {system} ({policy})

[Timer]
OnActiveSec={first}s
OnUnitActiveSec={every}s
AccuracySec=1s

[Install]
WantedBy=timers.target
"""
AT_BOOT = "\n[Install]\nWantedBy=multi-user.target\n"
# What each agent adds to the texts above: before everything that could write, in the case of `hold`.
KINDS: dict[str, dict[str, str]] = {
    "heartbeat": {"what": "heartbeat", "unit": "", "service": f"Restart=always\nRestartSec=2\n{AT_BOOT}"},
    "copy": {"what": "copies", "unit": "After=network-online.target\n",
             "service": "Type=oneshot\nKillMode=mixed\nNice=10\nIOSchedulingPriority=7\nTimeoutStartSec=25h\n"},
    "prune": {"what": "pruning", "unit": "",
              "service": "Type=oneshot\nKillMode=mixed\nNice=15\nIOSchedulingClass=idle\nTimeoutStartSec=12h\n"},
    "hold": {"what": "holding the tree still",
             "unit": "DefaultDependencies=no\nAfter=local-fs.target\nBefore=sysinit.target shutdown.target\n"
                     "Conflicts=shutdown.target\n",
             "service": "Type=oneshot\nRemainAfterExit=yes\nTimeoutStartSec=60\n"
                        "ExecStop=/usr/bin/python3 -m bascule_runtime hold --release --config {config}\n"
                        "\n[Install]\nWantedBy=sysinit.target\n"},
    bucket_age.KIND: bucket_age.AGENT,
}  # fmt: skip


def install_runtime(job: Job) -> None:
    """Lay the agents, as the action sent them. Raises TroubleError when the machine has none."""
    if job.runtime:
        job.did("agents", runtime_files.install(job.runtime))
    if not os.path.isdir(f"{runtime_files.HOME}/{runtime_files.PACKAGE}"):
        raise TroubleError(f"The agents are not on {job.machine} yet. Run dr-build.yml.")
    job.did("agents", machine_files.write(LAUNCHER, LAUNCHER_TEXT, mode=0o755))


def configuration(job: Job) -> dict[str, Any]:
    """What the agents of this system read: plain facts and paths, no secret."""
    names, copies = job.names, job.copies or {}
    lock = {"lock": names.kept("lock")}
    config: dict[str, Any] = {
        "policy": job.policy, "system": job.id, "hold": {"paths": job.paths}, "tree": {"paths": job.paths},
        "heartbeat": {"kind": "file", "path": names.heartbeat, "every_s": 1},
        "copy": {**lock, "restic": restic_repository.argv(job), "paths": [*job.paths, names.heartbeat, names.owners],
                 "tags": [f"serving={job.side}"], "owners": names.owners, "state": names.kept("copy.json")},
    }  # fmt: skip
    if job.side == "standby":
        config["prune"] = {**lock, "restic": restic_repository.argv(job, may_delete=True), "keep_s": copies["keep_s"],
                           "state": names.kept("prune.json")}  # fmt: skip
    return config


def unit_texts(job: Job) -> dict[str, str]:
    """All unit files of this system at this machine, by name."""
    facts = {"policy": job.policy, "system": job.id, "config": job.names.setting("json"), "home": runtime_files.HOME,
             "age": bucket_age.settings(job)}  # fmt: skip
    kinds = {kind: parts for kind, parts in KINDS.items() if wanted(job, kind)}
    texts = {}
    for kind, parts in kinds.items():
        runs = parts.get("runs", RUNS).format(verb=kind, **facts)
        filled = {**facts, "what": parts["what"], "runs": runs, "unit": parts["unit"],
                  "service": parts["service"].format(**facts)}
        texts[job.names.unit(kind)] = SERVICE.format(**filled)
    every = int((job.copies or {})["every_s"])
    # Pruning begins with removing dead locks: soon after a boot, which may follow a crash in the middle of it.
    times = {"copy": (every, every), "prune": (900, DAY_S), bucket_age.KIND: (60, bucket_age.EVERY_S)}
    for kind in (kind for kind in times if kind in kinds):
        first, period = times[kind]
        filled = {**facts, "what": kinds[kind]["what"], "first": first, "every": period}
        texts[job.names.unit(kind, "timer")] = TIMER.format(**filled)
    return texts


def wanted(job: Job, kind: str) -> bool:
    """Whether this machine has an agent of that kind."""
    return {"prune": job.side == "standby", bucket_age.KIND: job.in_bucket}.get(kind, True)


def ensure(job: Job) -> None:
    """Configuration and units, started or not; a heartbeat that runs with an older configuration is started again."""
    machine_files.folder(job.names.etc)
    job.did("reporter of ages", bucket_age.lay(job))
    fresh = machine_files.write_json(job.names.setting("json"), configuration(job), mode=0o600)
    job.did("units", units_systemd.put(unit_texts(job)) or fresh)


def serve(job: Job) -> None:
    """Heartbeat and copies from now on, also after the machine was started again."""
    ensure(job)
    release(job)
    unit = job.names.unit("heartbeat")
    job.did("heartbeat", units_systemd.run_always(unit))
    if not machine_run.wait_until(lambda: os.path.exists(job.names.heartbeat), 10):
        raise TroubleError(f"{unit} writes no heartbeat. See: journalctl -u {unit}")
    job.did("timer of copies", units_systemd.run_always(job.names.unit("copy", "timer")))
    if job.in_bucket:
        job.did("timer of their age", units_systemd.run_always(job.names.unit(bucket_age.KIND, "timer")))


def stand_down(job: Job) -> None:
    """No heartbeat and no copies from this machine any more."""
    names = job.names
    reports = [names.unit(bucket_age.KIND, "timer")] if job.in_bucket else []
    for unit in (names.unit("heartbeat"), names.unit("copy", "timer"), names.unit("copy"), *reports):
        job.did(f"{unit} stopped", units_systemd.run_never(unit))


def hold(job: Job) -> bool:
    """Let nobody write into the trees, also after a start of the machine; whether writes were seen to be refused."""
    unit = job.names.unit("hold")
    units_systemd.at_boot(unit, True)
    job.did("trees are read-only", units_systemd.start(unit, 60))
    return refuses(job)


def refuses(job: Job) -> bool:
    """Whether writes into the trees are refused."""
    present = [path for path in job.paths if os.path.isdir(path)]
    return all(os.statvfs(path).f_flag & os.ST_RDONLY for path in present)


def release(job: Job) -> None:
    """Let the trees be written to again."""
    job.did("trees can be written", units_systemd.run_never(job.names.unit("hold")))


def last_copy(job: Job) -> dict[str, Any]:
    """What the copy agent said last."""
    return machine_files.read_json(job.names.kept("copy.json"))


def copy_now(job: Job, limit_s: float, kind: str = "copy") -> dict[str, Any]:
    """Make a copy that begins after this call, and wait for it; `kind` is the agent that makes it.

    Raises TroubleError when it fails or takes longer.
    """
    unit = job.names.unit(kind)
    if not machine_run.wait_until(lambda: units_systemd.quiet(unit), limit_s, 0.5):
        raise TroubleError(f"A copy of {job.id} is still being made on {job.machine} after {limit_s:g} s. "
                           "It goes on: run again later.")
    with job.timed("copy"):
        ended = machine_run.run(["systemctl", "start", "--", unit], limit_s=limit_s)
    if ended.code == machine_run.STOPPED_AT_LIMIT:
        raise TroubleError(f"The copy of {job.id} takes longer than {limit_s:g} s. It goes on: run again later.")
    said = last_copy(job)
    if ended.code != 0 or said.get("result") != "ok":
        raise TroubleError(f"The copy of {job.id} on {job.machine} is {said.get('result', 'failed')}: "
                           f"{said.get('message') or ended.reason}. See: journalctl -u {unit}")
    job.did("copy")
    return said


def remove(job: Job) -> None:
    """Stop the agents of this system and take their units away."""
    names = [job.names.unit(kind, suffix) for kind in KINDS for suffix in ("timer", "service")]
    release(job)
    job.did("units removed", units_systemd.remove(names))
