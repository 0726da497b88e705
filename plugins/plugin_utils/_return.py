# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can go home: systems whose whole group has machines that answer and let us in. The others stay, and are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable

from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs, scope

BEFORE_HOLD = ("prepare", "resync")
WORDS = {"prepare": "prepared", "resync": "brought back", "hold": "held"}


def staying(plan: dict[str, Any], about: scope.Scope, run: dict[str, Any], barred: Iterable[str] = ()
            ) -> dict[str, str]:
    """Of each unit that cannot go home now, why: a part of a sentence about machines of its group.

    `barred` are machines that answer and that nobody could log in to. What need not be there by the plan is missed only
    where it is known to serve.
    """
    systems, found = scope.systems(plan, about), {}
    for system in systems:
        group = system.get("group")
        together = [entry for entry in systems if group and entry.get("group") == group] or [system]
        needed = {machine for entry in together for machine in entry["machines"].values()}
        away = set(run.get("absent") or ()) - {entry["machines"].get("standby") for entry in together
                                               if (run.get("serving") or {}).get(entry["id"]) == "standby"}
        bad = [machine for machine in plan["machines"] if machine in needed
               and (machine in barred or not run["reachable"].get(machine)) and machine not in away]
        if bad:
            found[f"system.{system['id']}"] = _said(bad, barred)
    return found


def _said(bad: list[str], barred: Iterable[str]) -> str:
    silent = [machine for machine in bad if machine not in barred]
    shut = [machine for machine in bad if machine in barred]
    parts = [f"{', '.join(silent)} cannot be reached"] if silent else []
    parts += [f"{', '.join(shut)} answers and lets nobody in (of a machine that was replaced, the new host key must be "
              f"trusted: bascule trust {shut[0]} POLICY.yml, then compile again)"] if shut else []
    return " and ".join(parts)


def nobody(plan: dict[str, Any], about: scope.Scope, run: dict[str, Any]) -> str:
    """The sentence for a run in which no system could go home; empty when one can."""
    left = run["staying"]
    if not left or len(left) < len(scope.systems(plan, about)):
        return ""
    return (f"{'; '.join(dict.fromkeys(left.values()))}, and a return needs both sides. "
            "Bring them back first, or replace them by empty ones.")


def ready(folder: Path, units: list[str], stage: str) -> bool:
    """Whether all of `units` did all that comes before `stage` in a return."""
    before = BEFORE_HOLD[: BEFORE_HOLD.index(stage)] if stage in BEFORE_HOLD else BEFORE_HOLD
    return all(runs.said(folder, unit, earlier) == "done" for unit in units for earlier in before)


def why(folder: Path, run: dict[str, Any], unit: str, movers: list[str]) -> tuple[str, str]:
    """The code and the sentence for a unit that stays; `movers` are all units of its group that were to move."""
    side, name = scope.other(run["direction"]), unit.partition(".")[2]
    machines = run.get("staying", {}).get(unit)
    if machines:
        return "not-back", (f"{name} stays where it is: {machines}, and a return needs both sides. Bring that back, "
                            "or replace it by an empty machine, then run dr-failback.yml again.")
    for stage, word in WORDS.items():
        failed = [mover.partition(".")[2] for mover in movers if runs.said(folder, mover, stage) != "done"]
        if failed:
            return "not-brought", (f"{name} stays at the {side}: {', '.join(failed)} could not be {word}. "
                                   "The sentences above say why.")
    return "differs", (f"{name} stays at the {side}: the data of its group could not be "
                       "shown to be the same on both sides. The sentences above say what differs.")
