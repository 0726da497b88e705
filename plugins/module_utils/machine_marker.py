# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who serves, as a machine keeps it: one marker a switch group. The highest epoch on the machines of a group counts."""

from __future__ import annotations

import time
from typing import Any, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files

LOCK = "/run/lock/bascule-marker.lock"
HOME = "/var/lib/bascule"


def write(path: str, marker: Mapping[str, Any], run: str) -> tuple[dict[str, Any], bool]:
    """Write one marker unless it is there; returns what is there then, and whether it changed.

    Systems that are marked already for the same move stay marked. Raises ValueError when a newer marker is there.
    """
    with machine_files.locked(LOCK, 30, "Another change of the markers"):
        present = machine_files.read_json(path) or {"epoch": 0}
        same = all(present.get(key) == marker[key] for key in ("epoch", "serving"))
        known = present.get("systems", []) if same else []
        systems = [*known, *(name for name in marker["systems"] if name not in known)]
        if same and systems == known:
            return present, False
        if present["epoch"] > marker["epoch"]:
            text = "a newer one, epoch {0}, says that the {1} serves"
            raise ValueError(text.format(present["epoch"], present["serving"]))
        fresh = {**marker, "systems": systems, "run": run, "at": time.time()}
        machine_files.write_json(path, fresh)
        return fresh, True


def moved(policy: str, system: Mapping[str, Any], side: str, run: Mapping[str, Any]) -> None:
    """Write that `system` serves at `side` since this run: at once, so that a run that is killed here is understood.

    Nothing is written outside the drivers that move systems, or for a system that no activity uses.
    """
    group, epoch = system.get("group"), run.get("epoch")
    if group and epoch:
        marker = {"group": group, "epoch": int(epoch), "serving": side, "systems": [system["id"]]}
        write(f"{HOME}/{policy}/groups/{group}.json", marker, str(run["id"]))
