# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with where a driver was started, or with the files there: a code and a sentence, or nothing."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path
from typing import Any, Iterator, Optional

from ansible import constants

Refusal = Optional[tuple[str, str]]
MANIFEST = "MANIFEST.sha256"
COLLECTION = "collections/ansible_collections/bascule/continuity"
DRIVER = re.compile(r"bascule\.continuity\.(dr_[a-z]+)")
# Made on the spot by runs and by people; nothing in there is read as part of a run.
LEFT_ALONE = frozenset({"outputs", "runs", "wheels"})
# Folders beside a playbook from which Ansible takes variables and code without being told to.
TAKEN_IN = frozenset({
    "ansible_collections", "collections", "group_vars", "host_vars", "library", "module_utils", "roles"})


def elsewhere(cli: Any) -> Refusal:
    """Another working folder, or one whose settings Ansible does not trust."""
    here = Path.cwd()
    if not (here / "plan.json").is_file() or not (here / "ansible.cfg").is_file():
        return "other-folder", f"{here} is not a compiled folder. Change into the compiled folder and start there."
    if stat.S_IMODE(here.stat().st_mode) & stat.S_IWOTH:
        return "world-writable", (f"{here} can be written by everybody, so Ansible ignores its settings. "
                                  "Say chmod o-w . and start again.")
    if os.path.realpath(constants.CONFIG_FILE or "") != os.path.realpath("ansible.cfg"):
        return "other-settings", (f"Ansible reads {constants.CONFIG_FILE or 'no settings file'} and not the folder's "
                                  "ansible.cfg. Unset ANSIBLE_CONFIG and start again.")
    return None


def other_playbook(cli: Any) -> Refusal:
    """More than one playbook, or one that is not the folder's."""
    given = [str(path) for path in cli.get("args") or ()]
    if len(given) > 1:
        return "several-playbooks", f"{' '.join(given)}: start one driver at a time, each with its own command."
    # By the name that a collection gives it, a driver is the one in the folder's own collection.
    named = DRIVER.fullmatch(given[0]) if given else None
    asked = f"{COLLECTION}/playbooks/{named[1]}.yml" if named else "".join(given)
    path = os.path.relpath(os.path.realpath(asked)) if given else ""
    if path not in _listed():
        return "other-playbook", (f"{path} is not a driver of this folder. Start the folder's own: "
                                  "ansible-playbook dr-….yml")
    return None


def _listed() -> dict[str, str]:
    """Digests of the manifest by path; empty when there is no manifest."""
    try:
        lines = Path(MANIFEST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _present(listed: dict[str, str]) -> Iterator[str]:
    """Files and linked folders in all folders that a run reads from; what Python keeps of them is left out."""
    carried = {name.partition("/")[0] for name in listed if "/" in name} | TAKEN_IN
    for top in sorted(os.listdir()):
        if top in LEFT_ALONE or not (top in carried or top.endswith("_plugins")):
            continue
        if os.path.islink(top):
            yield top
            continue
        for folder, folders, files in os.walk(top):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            linked = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            yield from (os.path.join(folder, name) for name in [*linked, *sorted(files)])


def changed_files(cli: Any) -> Refusal:
    """Files that are not what was compiled: changed, missing, or put where a run would take them in."""
    listed = _listed()
    if not listed:
        return "no-manifest", f"{MANIFEST} is missing. Compile the folder again."
    bad = [name for name, digest in listed.items() if _digest(name) != digest]
    if bad:
        return "changed-folder", f"{_some(bad)}: not what was compiled. Compile the folder again."
    added = [name for name in _present(listed) if name not in listed]
    if added:
        return "added-files", (f"{_some(added)}: not compiled, and a run would take it in. Move it out of the folder, "
                               "or put it beside the policy and compile again.")
    return None


def _digest(name: str) -> str:
    try:
        return hashlib.sha256(Path(name).read_bytes()).hexdigest()
    except OSError:
        return ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
