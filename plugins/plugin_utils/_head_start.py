# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A head start for what the firm misses most: standby machines of a small firm often share one computer and its disks.

Work that is side by side there makes all of it late. So what is less urgent lets what is more urgent go first, for as
long as nobody can tell the difference by its own target.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs, scope

MOST_S = 6.0
LULL_S = 2.0
SHARE = 0.01  # of the tightest target of the group that waits


def before(plan: dict[str, Any], run: dict[str, Any], unit: dict[str, Any]) -> tuple[list[str], float]:
    """Units that a system lets go first in an activation, and for how long at most (seconds).

    They are all of the most urgent switch group in scope, until its names lead to it; nobody for one of that group or
    of one that is missed as much, nor for a unit that waits for others anyway. Recovery points are read meanwhile:
    that is little work.
    """
    if run["driver"] != "activate" or run["check"] or unit["kind"] != "system":
        return [], 0.0
    order, group = scope.by_urgency(plan, run["scope"]["groups"]), unit.get("group")
    if group not in order[1:] or (not unit.get("together") and scope.needs(plan, run, unit["id"])):
        return [], 0.0
    tightest = _tightest(plan, group)
    if tightest <= _tightest(plan, order[0]):
        return [], 0.0
    first, switch, inside = plan["groups"][order[0]], f"switch.{order[0]}", set(run["scope"]["units"])
    ends = [switch] if switch in inside else [f"activity.{name}" for name in first["activities"]]
    names = [*(f"system.{name}" for name in first["systems"]), *ends]
    return [name for name in names if name in inside], min(MOST_S, SHARE * tightest)


def _tightest(plan: dict[str, Any], group: str) -> float:
    """The shortest recovery time objective of a switch group, in seconds."""
    return float(min(plan["activities"][name]["target"]["rto_s"] for name in plan["groups"][group]["activities"]))


def give_head_start(plan: dict[str, Any], run: dict[str, Any], unit: dict[str, Any], folder: Path,
                    every_s: float) -> None:
    """Return once those that go first have ended, well or not, or when their head start is over; looks `every_s`.

    The head start is counted from `unit["since"]` (epoch seconds), when the unit could have begun. It is over, too,
    when none of them has ended for `LULL_S`: what takes that long waits for something else than this computer.
    """
    ahead, limit_s = before(plan, run, unit)
    began = time.monotonic() - max(0.0, time.time() - unit["since"])
    waiting, moved = set(ahead), began
    while waiting and time.monotonic() < min(began + limit_s, moved + LULL_S):
        left = {name for name in waiting if runs.read_state(folder, name) is None}
        waiting, moved = left, moved if left == waiting else time.monotonic()
        time.sleep(every_s)
