# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept in `outputs/` of a compiled folder from run to run: what was built, and host keys of first contacts."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Optional

from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built, runs

FOLDER = "outputs"
SCHEMA = "bascule/outputs/v1"
STANDBY = "standby"
PINS, CONTACTS = "known_hosts", "contacts.json"
# All that may lie there; what else does was put there by nobody of ours.
KNOWN = ("standby.json", "drill-*.json", PINS, CONTACTS, "Pulumi.*.yaml", "engine-*.json", ".*")
_LINE = re.compile(r"(?P<host>\S+) (?P<kind>ssh-ed25519|ecdsa-sha2-\S+|ssh-rsa) (?P<key>[A-Za-z0-9+/=]+)")


def folder(compiled: Path) -> Path:
    """The folder, made for its owner alone when it is not there."""
    path = compiled / FOLDER
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def saved(compiled: Path, stack: str = STANDBY) -> Optional[dict[str, Any]]:
    """What was built last, as it was saved then; None when nothing was, or when the file is none of ours."""
    try:
        found = runs.read_json(compiled / FOLDER / f"{stack}.json")
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None


def saved_at(compiled: Path, stack: str = STANDBY) -> Optional[float]:
    """When that was saved, in seconds since the epoch."""
    try:
        return (compiled / FOLDER / f"{stack}.json").stat().st_mtime
    except OSError:
        return None


def save(compiled: Path, outputs: dict[str, Any], stack: str = STANDBY) -> None:
    """Keep what was built: the whole of it or, when the disk is full, what was there."""
    path = folder(compiled) / f"{stack}.json"
    if saved(compiled, stack) != outputs:
        runs.write_json(path, outputs)
        path.chmod(0o600)


def forget(compiled: Path, stack: str = STANDBY) -> None:
    """Nothing is built any more."""
    gone = [f"{stack}.json", f"Pulumi.{stack}.yaml", f"engine-{stack}.json"]
    for name in [*gone, *([PINS, CONTACTS] if stack == STANDBY else [])]:
        (compiled / FOLDER / name).unlink(missing_ok=True)


def host_pattern(machine: dict[str, Any]) -> str:
    """How `known_hosts` names a machine of the plan."""
    port = int(machine.get("port") or 22)
    return str(machine["address"]) if port == 22 else f"[{machine['address']}]:{port}"


def pins(compiled: Path) -> dict[str, str]:
    """Lines of first contacts by the name that they give to a host."""
    try:
        text = (compiled / FOLDER / PINS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return {line.split(" ")[0]: line for line in text.splitlines() if line}


def contacts(compiled: Path) -> dict[str, Any]:
    """By machine: the instance that was met, its key, and when; those of instances that are gone count no more."""
    try:
        return dict(runs.read_json(compiled / FOLDER / CONTACTS) or {})
    except (ValueError, TypeError):
        return {}


def keep_contacts(compiled: Path, plan: dict[str, Any], known: dict[str, Any]) -> None:
    """Write what is known of machines that were met, and the lines that ssh reads."""
    lines = sorted(f"{host_pattern(plan['machines'][name])} {entry['key']}" for name, entry in known.items()
                   if name in plan["machines"])
    target = folder(compiled)
    runs.write_json(target / CONTACTS, known)
    runs.write_text(target / PINS, "".join(f"{line}\n" for line in lines))


def forget_gone(compiled: Path, plan: dict[str, Any], outputs: dict[str, Any]) -> None:
    """Host keys of instances that are not there any more are no use: the next one has another."""
    known, machines = contacts(compiled), outputs.get("machines") or {}
    kept = {name: entry for name, entry in known.items()
            if name in machines and machines[name].get("instance") == entry.get("instance")}
    if kept != known:
        keep_contacts(compiled, plan, kept)


def strange(compiled: Path, plan: dict[str, Any]) -> Optional[str]:
    """What in the folder is none of ours, or would have ssh trust another host than one that we built; a sentence."""
    path = compiled / FOLDER
    if not os.path.lexists(path):
        return None
    if path.is_symlink() or not path.is_dir():
        return f"{FOLDER} is not a folder of this one. Move it away; runs make it anew."
    names = [entry.name for entry in sorted(path.iterdir())
             if entry.is_symlink() or not entry.is_file() or not any(fnmatchcase(entry.name, known) for known in KNOWN)]
    if names:
        return f"{FOLDER}/{names[0]}: no run puts that there. Move it out of the folder."
    ours = {host_pattern(plan["machines"][name]) for name in built.machines(plan)}
    for host, line in pins(compiled).items():
        if host not in ours or not _LINE.fullmatch(line):
            return (f"{FOLDER}/{PINS} pins a key for {host}, which is no machine that is built. Keys of the others are "
                    "in known_hosts, which is compiled. Take the line out.")
    return None
