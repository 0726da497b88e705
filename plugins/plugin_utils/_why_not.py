# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a system cannot be recovered here or stopped there, in sentences for the person who has to act."""

from __future__ import annotations

from typing import Any, Optional


def unreached(run: dict[str, Any], unit: dict[str, Any]) -> Optional[str]:
    """Why nothing can be done for a system on the machine that is to serve it; None when the guard has looked at it."""
    machine = unit["here"]
    why = run.get("locked_out", {}).get(machine)
    if unit["here_reachable"] and not why:
        return None
    why = why or (f"{machine} did not answer when the run began: it is down, it hangs, or its network is cut. "
                  "Repair it and start again.")
    return f"{unit['subject']} cannot be recovered. {why}"


def not_stopped(unit: dict[str, Any], mode: str, why: str) -> str:
    """A side that is left still answers and could not be stopped; `why` is what the step said, or empty."""
    why = f"{why.removeprefix('Module failed: ')} " if why else ""
    if why and mode == "planned":
        return (f"{unit['subject']} could not be taken along from {unit['there']} with its last data. {why}Repair that "
                "and start again, or lose what was not copied: -e scenario=lost.")
    return (f"{unit['subject']} could not be stopped at {unit['there']}, which still answers: two sites would serve. "
            f"{why}Stop it by hand and start again, or say why that is accepted: BASCULE_UNFENCED='…'.")
