# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems that are recovered to one moment: who they are in this run, and which moment their recovery points allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import moment, runs, scope

STAGE = "points"


class NoMomentError(Exception):
    """No moment can be reached by all of them; the text is a sentence for the user."""


def partners(plan: dict[str, Any], run: dict[str, Any], unit: dict[str, Any]) -> list[str]:
    """Systems that must be recovered to the same moment as the one of `unit` in this run.

    Nobody, when the newest data of both sides arrive whole (a planned move, a return), when the system serves already,
    or when one certain copy was named rather than a time.
    """
    if unit["kind"] != "system" or unit["direction"] != "standby" or run["scenario"]["mode"] == "planned":
        return []
    if unit.get("serves_now") == unit["direction"] or (run.get("point") and moment.parse(run["point"]) is None):
        return []
    return scope.tied(plan, unit["subject"])


def options(folder: Path, run: dict[str, Any], systems: list[str]) -> dict[str, Any]:
    """`{"not_after": epoch, "listed": points}` for the first of `systems`, from the points that this run read of all.

    Raises NoMomentError when there is no such moment.
    """
    listed = {name: (runs.read_json(folder / STAGE / f"{name}.json") or {}).get("points") or [] for name in systems}
    asked = moment.parse(run["point"]) if run.get("point") else None
    common = moment.common_moment({name: moment.reaches(points) for name, points in listed.items()}, not_after=asked)
    if common is None:
        without = sorted(name for name, points in listed.items() if not points)
        reason = f"{', '.join(without)} has no recovery point" if without else "no points of theirs are that old"
        raise NoMomentError(f"{', '.join(sorted(systems))} belong together and cannot be recovered to one moment: "
                            f"{reason}. dr-status.yml lists the points.")
    # Reading the list once more takes half a second while users wait.
    return {"not_after": common.moment, "listed": listed[systems[0]]}
