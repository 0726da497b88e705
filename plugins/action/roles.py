# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says which of the firm's roles a machine gets, and what each is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import OurAction, plan_of, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._request import about
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs, scope

# The name of a role becomes a path: nothing but a name may get there.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+)?")


class ActionModule(OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Roles of the systems that are to be able to serve on this machine and do not now."""
        result = super().run(tmp, task_vars)
        folder, run = token()
        plan, machine = plan_of(folder), self.machine(task_vars)
        if not run["reachable"].get(machine):
            return {**result, "changed": False, "systems": []}
        found = []
        for system in scope.systems(plan, about(run)):
            side, role = self._side(run, system), system["settings"].get("role")
            if not role or system["machines"].get(side) != machine or self._survived(folder, run, system, machine):
                continue
            if not NAME.fullmatch(role):
                raise AnsibleActionFail(f"{system['id']}: {role} cannot be the name of a role.")
            found.append({"system": system["id"], "role": role, "vars": _told(plan, system, side, machine)})
        return {**result, "changed": False, "systems": found}

    @staticmethod
    def _survived(folder: Path, run: dict[str, Any], system: dict[str, Any], machine: str) -> bool:
        """Whether a machine stands already while others of its site are being made anew: it is left as it is."""
        if run["driver"] == "activate" and not run.get("copies"):
            return machine not in run.get("fresh", ())
        seen = runs.seen_machines(folder).get(machine) or {}
        return bool(run.get("copies")) and system["group"] in (seen.get("groups") or {})

    @staticmethod
    def _side(run: dict[str, Any], system: dict[str, Any]) -> str:
        serving = run["serving"][system["id"]]
        wanted = scope.other(serving) if run["driver"] == "build" else run["direction"]
        return wanted if wanted != serving else ""


def _told(plan: dict[str, Any], system: dict[str, Any], side: str, machine: str) -> dict[str, Any]:
    """The variable `bascule` of the role."""
    needs = {}
    for name in system["needs"]:
        other = plan["systems"][name]
        needs[name] = {"address": other["addresses"][side], "machine": other["machines"][side], "type": other["type"],
                       "settings": other["settings"]}
    return {"policy": plan["policy"]["id"], "system": system["id"], "site": side, "machine": machine,
            "address": system["addresses"][side], "settings": system["settings"], "needs": needs}
