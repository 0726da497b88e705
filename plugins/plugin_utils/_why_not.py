# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a system cannot be recovered here or stopped there, in sentences for the person who has to act."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import reach


def unreached(run: dict[str, Any], unit: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Why nothing can be done for a system on the machine that is to serve it, and code and word of that.

    Empty when the guard has looked at the machine.
    """
    machine, name = unit["here"], unit["subject"]
    why = run.get("locked_out", {}).get(machine)
    if unit["here_reachable"] and not why:
        return "", {}
    unbuilt = run.get("unbuilt", {}).get(machine)
    if unbuilt and not why:
        sentence = f"{name} cannot be recovered: its machine {machine} is not there. {unbuilt}"
        return sentence, {"reason": "unbuilt", "word": "blocked"}
    why = why or (f"{machine} did not answer when the run began: it is down, it hangs, or its network is cut. "
                  "Repair it and start again.")
    return f"{name} cannot be recovered. {why}", {"reason": "unreached", "word": "unreachable"}


def not_fenced(plan: dict[str, Any], run: dict[str, Any], unit: dict[str, Any], silent: bool, why: str
               ) -> dict[str, Any]:
    """The result of a stop that was not seen to be one: a side that fell silent, or one that somebody accepts.

    Raises AnsibleActionFail when it still answers and nobody does.
    """
    there, name = unit["there"], unit["subject"]
    machine = plan["machines"][there]
    target = {there: (machine["address"], int(machine.get("port") or 22))}
    if silent and not reach.answering(target)[there]:
        return {"changed": False, "fenced": False, "notes": [f"{there} fell silent while {name} was stopped."]}
    if run["unfenced"]:
        return {"changed": False, "fenced": False,
                "notes": [f"{name} could not be stopped at {there}; accepted: {run['unfenced']}"]}
    sentence = not_stopped(unit, str(run["scenario"]["mode"]), "" if silent else why)
    raise AnsibleActionFail(sentence, result={"reason": "unfenced"})


def not_stopped(unit: dict[str, Any], mode: str, why: str) -> str:
    """A side that is left still answers and could not be stopped; `why` is what the step said, or empty."""
    why = f"{why.removeprefix('Module failed: ')} " if why else ""
    if why and mode == "planned":
        return (f"{unit['subject']} could not be taken along from {unit['there']} with its last data. {why}Repair that "
                "and start again, or lose what was not copied: -e scenario=lost.")
    return (f"{unit['subject']} could not be stopped at {unit['there']}, which still answers: two sites would serve. "
            f"{why}Stop it by hand and start again, or say why that is accepted: BASCULE_UNFENCED='…'.")
