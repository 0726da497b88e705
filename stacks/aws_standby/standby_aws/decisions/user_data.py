# SPDX-License-Identifier: Apache-2.0
"""What a machine is told at its first boot: who may log in, where data live, which ages it reports. Nothing secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from standby_aws.decisions.watch import ages
from standby_aws.inputs import Situation

_FILES = Path(__file__).parents[1] / "machine"
_HOME = "/usr/local/lib/bascule-standby"
# What EC2 accepts.
LONGEST = 16 * 1024


def user_data(here: Situation, name: str, folders: tuple[str, ...] | None) -> str:
    """Return the cloud-config of a machine; ``folders`` live on its volume, None when it has none.

    Raise ValueError when it is longer than EC2 accepts. JSON is YAML too, and needs no template.
    """
    content = {
        "hostname": name,
        "manage_etc_hosts": True,
        "locale": False,
        "disable_root": True,
        "ssh_pwauth": False,
        "users": [_user(here, name)],
        "write_files": _files(here, name),
        "runcmd": [[f"{_HOME}/first-boot", "none" if folders is None else "volume", *(folders or ())]],
    }
    text = "#cloud-config\n" + json.dumps(content, indent=1) + "\n"
    if len(text.encode()) > LONGEST:
        raise ValueError(f"the user data of {name} are longer than the {LONGEST} bytes that EC2 accepts")
    return text


def _user(here: Situation, name: str) -> Mapping[str, Any]:
    return {
        "name": here.cloud["machines"][name]["user"],
        "gecos": "Continuity",
        "shell": "/bin/bash",
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "lock_passwd": True,
        "ssh_authorized_keys": [here.request.public_key],
    }


def _files(here: Situation, name: str) -> list[Mapping[str, Any]]:
    files = [_file(f"{_HOME}/first-boot", "first_boot.sh", "0755")]
    reported = [age for age in ages(here) if age.machine == name]
    if reported:
        told = {
            "region": here.cloud["region"],
            "policy": here.policy,
            "copies": {age.system: age.folder for age in reported},
        }
        files += [
            _file(f"{_HOME}/copy-age", "copy_age.py", "0755"),
            _file("/etc/systemd/system/bascule-copy-age.service", "copy-age.service", "0644"),
            _file("/etc/systemd/system/bascule-copy-age.timer", "copy-age.timer", "0644"),
            {"path": "/etc/bascule-copy-age.json", "permissions": "0644", "content": json.dumps(told, indent=1) + "\n"},
        ]
    return files


def _file(path: str, source: str, mode: str) -> Mapping[str, Any]:
    return {"path": path, "permissions": mode, "content": (_FILES / source).read_text(encoding="utf-8")}
