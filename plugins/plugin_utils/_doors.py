# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where machines and services are knocked at, and which machines that are built in a cloud are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built, reach, runs, scope

UNBUILT = "unbuilt.json"


def of_machine(plan: dict[str, Any], name: str) -> tuple[str, int]:
    """Where to knock for machine `name`: itself, or the first bastion on the way to it."""
    machine = plan["machines"][name]
    via = plan["machines"].get(machine.get("via") or "")
    return (via or machine)["address"], int((via or machine).get("port") or 22)


def of_users(plan: dict[str, Any], about: scope.Scope, side: str) -> dict[str, tuple[str, int]]:
    """Where the users of each system knock at a side, by system, where the policy says so."""
    targets = {}
    for system in scope.systems(plan, about):
        port = (system["settings"].get("answers") or {}).get("port")
        machine = system["machines"].get(side)
        if port and machine:
            targets[system["id"]] = (system["addresses"][side], int(port))
    return targets


def look_again(plan: dict[str, Any], run: dict[str, Any], folder: Path) -> None:
    """After a site was built or changed: ask its machines once more whether they answer; say why those that do not."""
    names = [name for name in built.machines(plan) if name in run["reachable"]]
    states = reach.states({name: of_machine(plan, name) for name in names})
    run["reachable"].update({name: states[name] == reach.ANSWERS for name in names})
    run["absent"] = built.absent(plan, run)
    if run["driver"] in ("teardown", "sweep"):
        run["absent"] = [name for name in names if not run["reachable"][name]]
    if run["driver"] != "activate" or run["check"]:
        return
    why = "; ".join((runs.read_json(folder / UNBUILT) or {}).values()) or "It was built and does not answer."
    run["unbuilt"] = {name: why for name in names if not run["reachable"][name]}
    run["absent"] = []


def fresh(plan: dict[str, Any], run: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    """Machines that are built, are there, and hold nothing of ours yet: an activation prepares them first."""
    if run["driver"] != "activate":
        return []
    return [name for name in built.machines(plan) if (seen.get(name) or {}).get("built") is False]
