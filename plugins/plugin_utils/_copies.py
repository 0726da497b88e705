# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a recovery may begin from the copies at the third place, and when it must: the standby's machines are empty."""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built, scope


class RefusedError(Exception):
    """The run may not go on: a code and a plain sentence."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def _systems(plan: dict[str, Any], run: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan["systems"][unit["subject"]] for unit in plan["units"]
            if unit["kind"] == "system" and unit["id"] in run["scope"]["units"]]


def _places(plan: dict[str, Any], run: dict[str, Any]) -> list[str]:
    entries = [system["third"] for system in _systems(plan, run) if system.get("third")]
    return list(dict.fromkeys(str(entry["machine"]) for entry in entries))


def refuse_senseless(plan: dict[str, Any], run: dict[str, Any]) -> None:
    """Raise RefusedError when `-e copies=` was given and cannot mean anything in this run."""
    asked, places = run["copies"], _places(plan, run)
    if not asked:
        return
    if run["driver"] != "activate":
        raise RefusedError("no-copies", "Only dr-activate.yml recovers from copies. Leave -e copies= out.")
    if asked not in places:
        known = f"The third place is {', '.join(places)}" if places else "The policy names no third place (copies:)"
        raise RefusedError("no-copies", f"copies={asked}: no copies are kept there. {known}.")
    if run["check"]:
        raise RefusedError("no-copies", "What a recovery from the third place would do cannot be shown beforehand: the "
                           "new machines hold nothing yet. dr-status.yml says what there is. Leave --check out.")
    if run["scenario"]["mode"] == "planned":
        raise RefusedError("no-copies", "A planned switch takes the last data along, and the third place does not have "
                           "them. Leave -e copies= out, or use -e scenario=lost.")


def refuse_seen(plan: dict[str, Any], run: dict[str, Any]) -> None:
    """Raise RefusedError when a machine that a recovery from copies needs does not answer."""
    if not run["copies"]:
        return
    needed = [run["copies"], *scope.machines(plan, _about(run), (run["direction"],))]
    # What is built in a cloud is built by this run.
    silent = [name for name in needed if not run["reachable"].get(name) and name not in built.machines(plan)]
    if silent:
        raise RefusedError("no-copies", f"{', '.join(silent)} cannot be reached. A recovery from the third place needs "
                           "it and the standby's new machines, under the names and addresses that the policy gives.")


def refuse_empty(plan: dict[str, Any], run: dict[str, Any], seen: dict[str, Any]) -> None:
    """Raise RefusedError when the machines that are to serve were replaced and the copies are at the third place."""
    if run["driver"] != "activate" or run["copies"]:
        return
    for system in _systems(plan, run):
        machine = system["machines"][run["direction"]]
        if machine in run["fresh"]:
            continue
        if system.get("third") and (seen.get(machine) or {}).get("built") is False:
            place = system["third"]["machine"]
            raise RefusedError("not-built", f"{machine} holds nothing of {system['id']}: it was replaced, or never "
                               f"built. Copies are kept on {place}. To make new machines from them, start again with "
                               f"-e copies={place}.")


def _about(run: dict[str, Any]) -> scope.Scope:
    entry = run["scope"]
    return scope.Scope(tuple(entry["units"]), tuple(entry["activities"]), tuple(entry["groups"]), ())
