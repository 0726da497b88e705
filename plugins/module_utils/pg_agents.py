# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that work between runs: heartbeats on the side that serves, backups on the standby machine."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.bascule.continuity.plugins.module_utils import pg_backrest, pg_host, pg_sql, runtime_files
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

UNITS = "/etc/systemd/system"
SERVICE = """# Written by Bascule.
[Unit]
Description={what}
After=network.target {after}

[Service]
Type={kind}
User={user}
Environment=PYTHONPATH={home} PYTHONDONTWRITEBYTECODE=1
ExecStart=/usr/bin/python3 -m bascule_runtime{verb} --config {config}
{more}"""
TIMER = """# Written by Bascule.
[Unit]
Description={what}

[Timer]
OnBootSec=5min
OnActiveSec={every}s
OnUnitInactiveSec={every}s
AccuracySec=5s

[Install]
WantedBy=timers.target
"""


def heartbeat_unit(job: Job) -> str:
    return f"bascule-heartbeat-{job.policy}-{job.id}.service"


def copy_unit(job: Job) -> str:
    return f"bascule-pgcopy-{job.policy}-{job.id}"


def config_path(job: Job, name: str) -> str:
    """The configuration of an agent; readable by the cluster's owner, without a secret."""
    return f"/etc/bascule/{job.policy}/{job.id}-{name}.json"


def systemctl(*words: str, limit_s: float = 60.0) -> None:
    """Let systemd do something. `--no-reload`: what starts at boot is read at boot, and a reload takes a second."""
    pg_host.must(["systemctl", *words], f"systemctl {' '.join(words)} failed", limit_s=limit_s)


def ensure_runtime(job: Job, packed: str | None) -> None:
    """The package that agents run from, as the action sent it. Raises PlainError when there is none on the machine."""
    if packed:
        job.did("runtime", runtime_files.install(packed))
    if not Path(runtime_files.HOME, runtime_files.PACKAGE).is_dir():
        raise PlainError(f"The agents of Bascule are not on {job.machine}. Run dr-build.yml.")


def put_unit(job: Job, name: str, text: str) -> bool:
    if not pg_host.write(f"{UNITS}/{name}", text):
        return False
    systemctl("daemon-reload")
    return job.did(name)


def active(unit: str) -> bool:
    return pg_host.run(["systemctl", "is-active", unit]).out.strip() == "active"


def ensure_heartbeat(job: Job, cluster: Cluster) -> None:
    """Write the time into the database each second from now on."""
    config = {
        "kind": "postgresql", "system": job.id, "every_s": 1, "port": cluster.port, "host": cluster.sockets,
        "database": pg_sql.DATABASE,
    }  # fmt: skip
    path = config_path(job, "heartbeat")
    fresh = pg_host.write(path, json.dumps(config, indent=1, sort_keys=True) + "\n", mode=0o644)
    text = SERVICE.format(
        what=f"Heartbeat of {job.id}", after=cluster.unit, kind="simple", user=cluster.owner, verb=" heartbeat",
        home=runtime_files.HOME, config=path,
        more="Restart=always\nRestartSec=1\n\n[Install]\nWantedBy=multi-user.target\n",
    )  # fmt: skip
    fresh = put_unit(job, heartbeat_unit(job), text) or fresh
    if fresh or not active(heartbeat_unit(job)):
        systemctl("--no-reload", "enable", heartbeat_unit(job))
        systemctl("restart", heartbeat_unit(job))
        job.did("heartbeat")


def stop_heartbeat(job: Job) -> bool:
    """No more heartbeats from this machine, now and after a boot."""
    if not Path(f"{UNITS}/{heartbeat_unit(job)}").exists():
        return False
    was = active(heartbeat_unit(job))
    if was or Path(f"{UNITS}/multi-user.target.wants/{heartbeat_unit(job)}").is_symlink():
        systemctl("--no-reload", "disable", "--now", heartbeat_unit(job))
    return job.did("heartbeat stopped", was)


def ensure_copies(job: Job, cluster: Cluster) -> None:
    """The timer that makes backups on the standby machine, from the side that serves."""
    copies = job.copies or {}
    config = {
        "stanza": pg_backrest.stanza(job),
        "conf": pg_backrest.conf(job) if job.serving == "standby" else pg_backrest.conf_copy(job),
        "full_every_s": copies["full_every_s"],
    }
    path, unit = config_path(job, "copies"), copy_unit(job)
    fresh = pg_host.write(path, json.dumps(config, indent=1, sort_keys=True) + "\n", mode=0o644)
    text = SERVICE.format(
        what=f"Backup of {job.id}", after="", kind="oneshot", user=cluster.owner, home=runtime_files.HOME,
        verb=".pgcopies", config=path, more="Nice=10\n",
    )  # fmt: skip
    fresh = put_unit(job, f"{unit}.service", text) or fresh
    fresh = (
        put_unit(job, f"{unit}.timer", TIMER.format(what=f"Backups of {job.id}", every=int(copies["every_s"]))) or fresh
    )
    if fresh or not active(f"{unit}.timer"):
        systemctl("--no-reload", "enable", f"{unit}.timer")
        systemctl("restart", f"{unit}.timer")
        job.did("backup timer")


def stop_copies(job: Job) -> None:
    """No backup is running or will start: before the cluster changes its place."""
    unit = copy_unit(job)
    if Path(f"{UNITS}/{unit}.timer").exists():
        systemctl("--no-reload", "disable", "--now", f"{unit}.timer")
        systemctl("stop", f"{unit}.service", limit_s=120)


def first_copy(job: Job, cluster: Cluster) -> None:
    """Make the first full backup now, as the timer's service would, and wait for its end."""
    if any(not entry.get("error") for entry in pg_backrest.info(job, cluster).get("backup") or []):
        return
    with job.timed("first_copy"):
        done = pg_host.run(["systemctl", "start", f"{copy_unit(job)}.service"], limit_s=job.limit("copy_s", 21600))
    if done.code != 0:
        why = pg_host.run(["journalctl", "-q", "-n", "20", "-o", "cat", "-u", f"{copy_unit(job)}.service"]).out
        lines = [line for line in why.splitlines() if "ERROR" in line] or ["no reason in the journal"]
        raise PlainError(
            f"The first backup of {job.id} failed: {lines[-1].strip()[:300]}."
            f" Look at journalctl -u {copy_unit(job)} on {job.machine}, then run again."
        )
    job.did("first backup")


def remove(job: Job) -> None:
    """Take away the services of this system and their configurations."""
    names = [heartbeat_unit(job), f"{copy_unit(job)}.timer", f"{copy_unit(job)}.service"]
    for name in names:
        if Path(f"{UNITS}/{name}").exists():
            pg_host.run(["systemctl", "--no-reload", "disable", "--now", name], limit_s=120)
            job.did(f"{name} removed", pg_host.remove(f"{UNITS}/{name}"))
    systemctl("daemon-reload")
    for name in ("heartbeat", "copies"):
        pg_host.remove(config_path(job, name))
