# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observer keeps on its machine: settings, the firm's checks, the service that asks."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time

from ansible_collections.bascule.continuity.plugins.module_utils import runtime_files

UNITS = "/etc/systemd/system"
SETTINGS = "/etc/bascule"
SERVICE = """# Written by Bascule.
[Unit]
Description=Bascule observer of {policy}
After=network-online.target
Wants=network-online.target

[Service]
Environment=PYTHONPATH={home} PYTHONDONTWRITEBYTECODE=1
ExecStart=/usr/bin/python3 -m bascule_runtime watch --config {settings}
Restart=always
RestartSec=2
StateDirectory=bascule/{policy}
NoNewPrivileges=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
ReadWritePaths={state}

[Install]
WantedBy=multi-user.target
"""


class ProblemError(Exception):
    """A plain sentence for the user."""


def write(path, content, mode):
    """Write a file unless it is there with this content and mode; returns whether it changed."""
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    try:
        with open(path, "rb") as stream:
            if stream.read() == data and os.stat(path).st_mode & 0o777 == mode:
                return False
    except FileNotFoundError:
        pass
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    partial = path + ".bascule-new"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)
    return True


def systemctl(*words):
    """Run systemctl with a limit; returns its exit code and what it said."""
    ended = subprocess.run(["systemctl", *words], capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, (ended.stdout + ended.stderr).strip()


def _paths(args):
    return {"unit": "bascule-watch-{0}.service".format(args["policy"]),
            "settings": os.path.join(SETTINGS, args["policy"], "watch.json"),
            "state": os.path.join(args["state"], args["policy"])}


def install(args):
    """Put runtime, checks, settings and service in place, and start it; returns the module's result."""
    paths = _paths(args)
    observer = os.path.join(paths["state"], "observer")
    changed = runtime_files.install(args["runtime"], args["home"])
    for name, data in args["files"].items():
        changed = write(os.path.join(observer, name), base64.b64decode(data), 0o755) or changed
    settings = {"policy": args["policy"], "activities": args["activities"], "checks": observer, "state": paths["state"],
                "secrets": args["secrets"], "every_s": args["every_s"]}
    os.makedirs(os.path.dirname(paths["settings"]), mode=0o700, exist_ok=True)
    changed = write(paths["settings"], json.dumps(settings, sort_keys=True) + "\n", 0o600) or changed
    text = SERVICE.format(policy=args["policy"], home=args["home"], settings=paths["settings"], state=paths["state"])
    if write(os.path.join(UNITS, paths["unit"]), text, 0o644):
        changed = True
        systemctl("daemon-reload")
    if changed or systemctl("is-active", paths["unit"])[0]:
        changed = True
        for words in (("enable", paths["unit"]), ("restart", paths["unit"])):
            code, said = systemctl(*words)
            if code:
                raise ProblemError("The observer's service cannot be started: {0}".format(said))
    _wait_for_answers(paths, args["activities"])
    return {"changed": changed, "word": "done", "evidence": {"watching": sorted(args["activities"])}}


def _wait_for_answers(paths, activities, limit_s=15):
    """Return once the first answer is written; a service that starts and dies would go unseen otherwise."""
    if all(check.get("writes", "none") != "none" for checks in activities.values() for check in checks):
        return
    deadline = time.monotonic() + limit_s
    while not os.path.exists(os.path.join(paths["state"], "watch.jsonl")):
        if time.monotonic() > deadline:
            unit = paths["unit"]
            raise ProblemError("The observer's service writes no answers. Look at journalctl -u {0}.".format(unit))
        time.sleep(0.2)


def forget(args):
    """Remove all of the observer's; returns the module's result with what is left."""
    paths, changed = _paths(args), False
    unit = os.path.join(UNITS, paths["unit"])
    if os.path.exists(unit):
        systemctl("disable", "--now", paths["unit"])
        os.unlink(unit)
        systemctl("daemon-reload")
        changed = True
    names = ("observer", "watch.jsonl", "watch.jsonl.1", "acknowledged.jsonl", "lost.jsonl")
    for path in [paths["settings"], *(os.path.join(paths["state"], name) for name in names)]:
        if os.path.isdir(path):
            shutil.rmtree(path)
            changed = True
        elif os.path.exists(path):
            os.unlink(path)
            changed = True
    folder = os.path.dirname(paths["settings"])
    if os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
    ours = (unit, paths["settings"], os.path.join(paths["state"], "observer"))
    return {"changed": changed, "word": "done", "evidence": {"left": [path for path in ours if os.path.exists(path)]}}
