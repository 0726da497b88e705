# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes on a machine which side serves the groups that it belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.action.preflight import STATE
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import ActingBase, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs


class ActionModule(ActingBase):
    """See the documentation of the module of the same name."""

    MODULE = "bascule.continuity.marker"

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Skip machines that do not answer or that no system of this run moved on."""
        folder, run = token()
        machine = self.machine(task_vars)
        # Where nothing ever moved there is nothing to learn.
        nothing = run["driver"] == "build" and not any(
            entry.get("groups") for entry in runs.seen_machines(folder).values())
        if nothing or not run["reachable"].get(machine):
            why = "nothing ever moved" if nothing else "silent, or not in scope"
            return {"changed": False, "skipped": True, "skip_reason": why, "machine": machine}
        return super().run(tmp, task_vars)

    def prepared(self, args: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
                 task_vars: dict[str, Any]) -> dict[str, Any]:
        """Add the markers: for each group of this machine, the systems that serve at the new side; in a build, what is
        known already."""
        machine = self.machine(task_vars)
        learnt = run["driver"] == "build"
        groups = {}
        for group in run["scope"]["groups"]:
            names = plan["groups"][group]["systems"]
            marker = self._newest(folder, group) if learnt else self._new(folder, run, group, names)
            if marker and any(machine in self._keepers(plan["systems"][name]) for name in names):
                groups[group] = marker
        args.update(policy=plan["policy"]["id"], groups=groups,
                    state=self.host_variable(task_vars, "bascule_state", STATE))
        return args

    @staticmethod
    def _newest(folder: Path, group: str) -> dict[str, Any] | None:
        """The newest marker that any machine holds. One that was replaced must learn it: the next move would begin to
        count anew, and be taken for an old one by those that come back."""
        held = [(entry.get("groups") or {}).get(group) for entry in runs.seen_machines(folder).values()]
        newest = max(filter(None, held), key=lambda marker: int(marker["epoch"]), default=None)
        return newest and {key: newest[key] for key in ("group", "epoch", "serving", "systems")}

    @classmethod
    def _new(cls, folder: Path, run: dict[str, Any], group: str, names: list[str]) -> dict[str, Any] | None:
        """The marker of what this run has moved of a group, or None."""
        moved = [name for name in names if cls._moved(folder, run, name)]
        new = {"group": group, "epoch": run["epochs"][group], "serving": run["direction"], "systems": moved}
        return new if moved else None

    @staticmethod
    def _keepers(system: dict[str, Any]) -> set[str]:
        """Machines that know who serves a system: those of both sides, and the third place, which outlives them."""
        return {*system["machines"].values(), (system.get("third") or {}).get("machine")}

    @staticmethod
    def _moved(folder: Path, run: dict[str, Any], system: str) -> bool:
        unit = f"system.{system}"
        now_there = run.get("serving", {}).get(system) == run["direction"]
        return now_there or runs.read_state(folder, unit) == "done"
