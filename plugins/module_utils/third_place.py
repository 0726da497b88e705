# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On the machine of the third place: fetching copies again and again, giving them back, saying what there is."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    machine_files,
    machine_forget,
    machine_run,
    machine_user,
    runtime_files,
    units_systemd,
)
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.third_job import Job

TOOLS = (("rsync", "rsync"), ("ssh", "openssh-client"), ("ssh-keygen", "openssh-client"))
SLACK_S = 60
LINK = """# Written by Bascule: how the standby is reached for the copies of {system}.
Host copies
  HostName {address}
  Port {port}
  User {user}
  IdentityFile {key}
""" + machine_user.AGENT_SSH
SERVICE = """# Written by Bascule.
[Unit]
Description=Bascule: copies of {system} for the third place ({policy})
After=network-online.target

[Service]
Type=oneshot
KillMode=mixed
Nice=10
IOSchedulingPriority=7
TimeoutStartSec=25h
Environment=PYTHONPATH={home} PYTHONDONTWRITEBYTECODE=1
ExecStart=/usr/bin/python3 -m bascule_runtime mirror --config {config}
"""
TIMER = """# Written by Bascule.
[Unit]
Description=Bascule: copies of {system} for the third place ({policy})

[Timer]
OnActiveSec={every}s
OnUnitActiveSec={every}s
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


def prepare(job: Job) -> dict[str, Any]:
    """Make this machine able to fetch; facts: the key that the standby lets in."""
    problem = machine_run.lacking(job.machine, TOOLS)
    if problem:
        raise TroubleError(problem)
    if job.runtime:
        job.did("agents", runtime_files.install(job.runtime))
    for place, mode in ((job.etc, 0o755), (f"{job.var}/state", 0o755), (job.folder, 0o700)):
        machine_files.folder(place, mode=mode)
    key, made = machine_user.key(job.setting("key"), job.mark)
    job.did("SSH key", made)
    hosts = [str(line).strip() for line in job.options.get("known_hosts_lines") or []]
    text = "".join(f"{line}\n" for line in hosts if line)
    job.did("known hosts", machine_files.write(job.setting("known_hosts"), text, mode=0o600))
    link = LINK.format(system=job.id, address=job.system["addresses"]["standby"], port=job.port("standby"),
                       user=machine_user.USER, key=job.setting("key"), known_hosts=job.setting("known_hosts"))
    job.did("SSH settings", machine_files.write(job.setting("ssh_config"), link, mode=0o600))
    job.did("settings", machine_files.write_json(job.setting("json"), configuration(job), mode=0o600))
    return {"facts": {"key": key}}


def configuration(job: Job) -> dict[str, Any]:
    """What the agent reads: facts and paths, no secret. The third place has no key for what it keeps."""
    mirror = {"by": job.third["by"], "rsync": ["rsync", "-e", f"ssh -F {job.setting('ssh_config')}"],
              "source": "copies:0/", "folder": job.folder, "keep_s": job.third["keep_s"],
              "state": job.kept("json"), "lock": job.kept("lock")}
    return {"policy": job.policy, "system": job.id, "mirror": mirror}


def fetch(job: Job) -> dict[str, Any]:
    """Fetch now, and from now on by a timer."""
    facts = {"system": job.id, "policy": job.policy, "home": runtime_files.HOME, "config": job.setting("json"),
             "every": int(job.third["every_s"])}
    texts = {job.unit(): SERVICE.format(**facts), job.unit("timer"): TIMER.format(**facts)}
    job.did("units", units_systemd.put(texts))
    limit = float(job.options.get("fetch_s") or 21600)
    ended = machine_run.run(["systemctl", "start", "--", job.unit()], limit_s=limit)
    said = machine_files.read_json(job.kept("json"))
    if ended.code != 0 or said.get("result") != "ok":
        why = said.get("message") or ended.reason
        raise TroubleError(f"{job.machine} could not fetch the copies of {job.id}: {str(why).rstrip('.')}. "
                           f"See: journalctl -u {job.unit()}")
    job.did("timer", units_systemd.run_always(job.unit("timer")))
    if said.get("newest_at") is None:
        raise TroubleError(f"{job.machine} fetched copies of {job.id} that hold no usable point. Run dr-build.yml.")
    return {"evidence": shown(job, said)}


def shown(job: Job, said: dict[str, Any]) -> dict[str, Any]:
    """What reports say of the third place."""
    newest = said.get("newest_at")
    keys = ("points", "bytes", "files", "result", "message", "started", "ok_at")
    return {"place": job.machine, "newest_at": newest, "rpo_s": job.third["rpo_s"],
            "age_s": None if newest is None else round(max(0.0, time.time() - float(newest)), 1),
            **{key: said.get(key) for key in keys}}


def look(job: Job) -> dict[str, Any]:
    """What there is here and what is wrong with it; a problem is a sentence, and none makes the step fail."""
    said = machine_files.read_json(job.kept("json"))
    facts, problems = shown(job, said), []
    if not said:
        problems.append(f"{job.machine} never fetched copies of {job.id}. Run dr-build.yml.")
    elif said.get("result") != "ok":
        why = str(said.get("message")).rstrip(".")
        problems.append(f"{job.machine} could not fetch the copies of {job.id}: {why}.")
    elif time.time() - float(said.get("ok_at") or 0) > 2 * float(job.third["every_s"]) + SLACK_S:
        minutes = (time.time() - float(said["ok_at"])) / 60
        problems.append(f"{job.machine} fetched the copies of {job.id} {minutes:.0f} minutes ago, "
                        f"every {float(job.third['every_s']) / 60:g} were promised.")
    if said and not units_systemd.active(job.unit("timer")):
        problems.append(f"{job.unit('timer')} does not run on {job.machine}. Run dr-build.yml.")
    return {"evidence": {**facts, "problems": problems}}


def give(job: Job) -> dict[str, Any]:
    """Give the newest usable repository to the standby machine, which has none."""
    argv = ["env", f"PYTHONPATH={runtime_files.HOME}", "PYTHONDONTWRITEBYTECODE=1", "/usr/bin/python3", "-m",
            "bascule_runtime", "mirror", "--give", "yes", "--config", job.setting("json")]
    ended = machine_run.run(argv, limit_s=float(job.options.get("give_s") or 86400))
    lines = ended.out.strip().splitlines()
    if ended.code != 0:
        raise TroubleError(f"{job.machine} could not give the copies of {job.id} back: "
                           f"{(lines or [ended.reason])[-1].rstrip('.')}. Start the driver again.")
    job.did("copies given back")
    return {"evidence": {"given": json.loads(lines[-1])}}


def forget(job: Job) -> dict[str, Any]:
    """Stop fetching. The copies stay: they may be the last, and only a person decides about those."""
    said = machine_files.read_json(job.kept("json"))
    job.did("units", units_systemd.remove([job.unit("timer"), job.unit()]))
    places = [job.setting(name) for name in ("json", "key", "key.pub", "ssh_config", "known_hosts")]
    places += [job.kept("json"), job.kept("lock")]
    for place in places:
        job.did(place, machine_files.remove(place))
    for place in (job.etc, f"{job.var}/state", job.var):
        machine_files.remove_if_empty(place)
    changed, _rest = machine_forget.shared()
    job.did("agents and the user bascule", changed)
    kept = {"folder": job.folder, **shown(job, said)} if os.path.isdir(job.folder) else None
    return {"evidence": {"left": [place for place in places if os.path.exists(place)], "kept": kept}}
