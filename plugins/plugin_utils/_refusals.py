# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a run partial, unwritten or foreign. Each check returns a code and a plain sentence, or nothing."""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
from pathlib import Path
from typing import Any, Callable, Optional

import yaml
from ansible import constants
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs

Refusal = Optional[tuple[str, str]]
PARTIAL = {"subset": "--limit", "skip_tags": "--skip-tags", "start_at_task": "--start-at-task", "step": "--step"}
EXTRA = frozenset({"scenario", "only", "recovery_point", "restart", "since", "takeover"})


def partial(cli: Any) -> Refusal:
    """Options that leave tasks or hosts out."""
    given = [flag for key, flag in PARTIAL.items() if cli.get(key)]
    if set(cli.get("tags") or ["all"]) != {"all"}:
        given.append("--tags")
    if not given:
        return None
    return ("partial-run", f"{' and '.join(given)} would leave a part of the run out. Start the driver without; "
            "-e only=ACTIVITY is the one way to narrow a run.")


def overridden(cli: Any) -> Refusal:
    """Options that make Ansible act in another place than the compiled inventory says."""
    inventory = [os.path.realpath(str(path)) for path in cli.get("inventory") or ()]
    if inventory not in ([], [os.path.realpath("inventory/hosts.yml")]):
        return "other-inventory", "Another inventory was given with -i. Start without: the folder brings its own."
    if str(cli.get("connection") or "ssh") not in ("ssh", "smart"):
        return ("other-connection",
                f"--connection {cli['connection']} would act on the wrong machines. Start without it.")
    return None


def _keys(text: str) -> list[str]:
    if text.startswith("@"):
        return []
    if text.lstrip()[:1] in ("{", "["):
        data = yaml.safe_load(text)
        return [str(key) for key in data] if isinstance(data, dict) else [text]
    return [word.partition("=")[0] for word in shlex.split(text)]


def strange_variables(cli: Any) -> Refusal:
    """Extra variables that no driver knows: a typing mistake would widen the run without a word."""
    try:
        given = [key for text in cli.get("extra_vars") or () for key in _keys(str(text))]
    except (ValueError, yaml.YAMLError):
        return "bad-variables", "The text after -e cannot be read. Write -e name=value, each with its own -e."
    strange = sorted(set(given) - EXTRA)
    if not strange:
        return None
    hint = " The reason goes into the environment: BASCULE_DECLARE='…'" if "declare" in strange else ""
    return ("strange-variables", f"-e {', '.join(strange)}: no driver knows this. Known: {', '.join(sorted(EXTRA))}. "
            f"Variables of your own can be given as a file, -e @FILE.{hint}")


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


def unwritten(cli: Any) -> Refusal:
    """No journal: the callback is off."""
    if os.environ.get("BASCULE_RUN") and os.environ.get("BASCULE_RUN_PID") == str(os.getppid()):
        return None
    return ("no-journal", "The journal is not being written, so nothing that this run did could be shown. "
            "Unset ANSIBLE_CALLBACKS_ENABLED and start the driver in the compiled folder.")


def changed_files(cli: Any) -> Refusal:
    """Files that are not what was compiled."""
    manifest = Path("MANIFEST.sha256")
    if not manifest.is_file():
        return "no-manifest", "MANIFEST.sha256 is missing. Compile the folder again."
    bad = []
    for line in manifest.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        path = Path(name)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            bad.append(name)
    if not bad:
        return None
    more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
    return "changed-folder", f"{', '.join(bad[:5])}{more}: not what was compiled. Compile the folder again."


def other_machines(cli: Any, groups: dict[str, list[str]], plan: dict[str, Any]) -> Refusal:
    """An inventory that is not the plan's."""
    units, machines = [unit["id"] for unit in plan["units"]], sorted(plan["machines"])
    if list(groups.get("units", [])) != units or sorted(groups.get("machines", [])) != machines:
        return ("other-inventory", "The inventory and the plan do not name the same units and machines. "
                "Compile the folder again.")
    if int(cli.get("forks") or 0) < min(len(units), 200):
        return ("few-forks", f"forks is {cli.get('forks')} and the plan has {len(units)} units: those that wait would "
                "hold up others. Start without -f, and unset ANSIBLE_FORKS.")
    return None


BEFORE: tuple[Callable[[Any], Refusal], ...] = (
    partial, elsewhere, unwritten, overridden, strange_variables, changed_files)


def of_process(cli: Any) -> Refusal:
    """The first refusal that the way this process was started gives."""
    return next((found for check in BEFORE if (found := check(cli))), None)


def of_locks(folder: Path, run: dict[str, Any]) -> Refusal:
    """Another run that holds a standby machine."""
    for machine, seen in runs.seen_machines(folder).items():
        holder = seen.get("held_by")
        if holder and holder.get("run") != run["id"]:
            return ("locked", f"{machine} is held by the run {holder['run']}, started from {holder['controller']}. "
                    f"Wait for its end. If it is over because its controller was lost, start again with "
                    f"-e takeover={holder['run']}.")
    return None
