# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a run partial, unwritten or foreign. Each check returns a code and a plain sentence, or nothing."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Optional

from ansible import constants
from ansible_collections.bascule.continuity.plugins.plugin_utils import _outputs
from ansible_collections.bascule.continuity.plugins.plugin_utils._refused_folder import (
    changed_files,
    elsewhere,
    other_playbook,
)
from ansible_collections.bascule.continuity.plugins.plugin_utils._refused_settings import foreign_code, foreign_settings
from ansible_collections.bascule.continuity.plugins.plugin_utils._refused_variables import strange_variables
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs, text, workers

Refusal = Optional[tuple[str, str]]
PARTIAL = {"subset": "--limit", "skip_tags": "--skip-tags", "start_at_task": "--start-at-task", "step": "--step"}
# Options that make Ansible reach machines in another way than the policy says, or do more on them.
OTHER_WAY = {
    "become": "--become", "force_handlers": "--force-handlers", "private_key_file": "--private-key",
    "remote_user": "--user", "scp_extra_args": "--scp-extra-args", "sftp_extra_args": "--sftp-extra-args",
    "ssh_common_args": "--ssh-common-args", "ssh_extra_args": "--ssh-extra-args",
}


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
    ours = [os.path.realpath(path) for path in ("inventory/hosts.yml", "inventory/standby.yml") if os.path.exists(path)]
    if inventory not in ([], ours):
        return "other-inventory", "Another inventory was given with -i. Start without: the folder brings its own."
    if str(cli.get("connection") or "ssh") not in ("ssh", "smart"):
        return ("other-connection",
                f"--connection {cli['connection']} would act on the wrong machines. Start without it.")
    given = [flag for key, flag in OTHER_WAY.items() if cli.get(key)]
    # Ansible keeps the folders that it looks in by itself in the same place.
    if cli.get("module_path") and list(cli["module_path"]) != list(constants.DEFAULT_MODULE_PATH):
        given.append("--module-path")
    if given:
        return ("other-connection", f"{' and '.join(given)} would reach machines in another way than the policy says. "
                "Start without.")
    return None


def unwritten(cli: Any) -> Refusal:
    """No journal: the callback is off."""
    if os.environ.get("BASCULE_RUN") and os.environ.get("BASCULE_RUN_PID") == str(os.getppid()):
        return None
    return ("no-journal", "The journal is not being written, so nothing that this run did could be shown. "
            "Unset ANSIBLE_CALLBACKS_ENABLED and start the driver in the compiled folder.")


def strange_outputs(cli: Any) -> Refusal:
    """In `outputs/`, which is not compiled: what no run puts there, and host keys of machines that are not built."""
    sentence = _outputs.strange(Path.cwd(), runs.read_json("plan.json"))
    return ("strange-outputs", sentence) if sentence else None


def other_machines(cli: Any, groups: dict[str, list[str]], plan: dict[str, Any]) -> Refusal:
    """An inventory that is not the plan's."""
    units = workers.in_turn({unit["id"]: unit["after"] for unit in plan["units"]})
    if list(groups.get("units", [])) != units or sorted(groups.get("machines", [])) != sorted(plan["machines"]):
        return ("other-inventory", "The inventory and the plan do not name the same units and machines. "
                "Compile the folder again.")
    together = Counter(str(system.get("group")) for system in plan["systems"].values())
    if int(cli.get("forks") or 0) < max(min(len(units), workers.MOST), *together.values(), 0):
        return ("few-forks", f"forks is {cli.get('forks')} and the plan has {len(units)} units: those that wait would "
                "hold up others. Start without -f, and unset ANSIBLE_FORKS.")
    return None


BEFORE: tuple[Callable[[Any], Refusal], ...] = (
    partial, elsewhere, unwritten, foreign_code, overridden, foreign_settings, strange_variables, changed_files,
    other_playbook, strange_outputs)
# What would already change how the guard itself is run, or would ask a question: refused before the first task.
AT_ONCE: tuple[Callable[[Any], Refusal], ...] = (foreign_settings, partial)


def of_process(cli: Any, checks: tuple[Callable[[Any], Refusal], ...] = BEFORE) -> Refusal:
    """The first refusal that the way this process was started gives."""
    return next((found for check in checks if (found := check(cli))), None)


def _by_and_since(holder: dict[str, Any], seen: dict[str, Any]) -> str:
    """Who took a lock, and when by the clock of this controller: the machine's own says how long ago."""
    by = f" by {holder['user']}" if holder.get("user") else ""
    if not holder.get("at") or not seen.get("clock"):
        return by
    held_s = max(0.0, float(seen["clock"]) - float(holder["at"]))
    return f"{by}, since {text.moment(time.time() - held_s)} ({text.duration(held_s)})"


def of_locks(folder: Path, run: dict[str, Any]) -> Refusal:
    """Another run that holds a standby machine."""
    for machine, seen in runs.seen_machines(folder).items():
        holder = seen.get("held_by")
        if holder and holder.get("run") != run["id"]:
            return ("locked", f"{machine} is held by the run {holder['run']}, started from {holder['controller']}"
                    f"{_by_and_since(holder, seen)}. Nothing was touched. Wait for its end. If it is over because its "
                    f"controller was lost, start again with -e takeover={holder['run']}.")
    return None
