# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observers: installs the watch, asks an activity as its users would, and says what users saw."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import ActingBase, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import scope

STATE = "/var/lib/bascule"


def _packed_checks(folder: Path) -> dict[str, str]:
    """The firm's checks, by path, in base64."""
    home = folder.parents[1] / "checks"
    return {str(path.relative_to(home.parent)): base64.b64encode(path.read_bytes()).decode("ascii")
            for path in sorted(home.rglob("*")) if path.is_file() and not _leftover(path.relative_to(home))}


def _leftover(path: Path) -> bool:
    """Whether a file is a cache or hidden, and so no part of a check."""
    return any(part == "__pycache__" or part.startswith(".") for part in path.parts)


class ActionModule(ActingBase):
    """See the documentation of the module of the same name."""

    MODULE = "bascule.continuity.observe"
    CARRIES = frozenset({"install"})

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Skip an observer that does not answer when it is only to be looked after."""
        _folder, run = token()
        machine = self.machine(task_vars)
        if self._task.args.get("step") in ("forget", "install") and not run["reachable"].get(machine):
            return {"changed": False, "skipped": True, "skip_reason": "silent, or not an observer", "machine": machine}
        return super().run(tmp, task_vars)

    def prepared(self, args: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
                 task_vars: dict[str, Any]) -> dict[str, Any]:
        """Add the activity's checks, and for `install` all of them with the files that they need."""
        machine = self.machine(task_vars)
        ours = [entry for entry in scope.observers(plan) if entry["machine"] == machine]
        if not ours and args["step"] != "forget":
            raise AnsibleActionFail(f"{machine} is not an observer of this plan.")
        args.update(policy=plan["policy"]["id"], state=self.host_variable(task_vars, "bascule_state", STATE),
                    home=self.host_variable(task_vars, "bascule_home", "/usr/local/lib/bascule"))
        if args["step"] == "install":
            args.update(every_s=ours[0].get("every_s") or 1, files=_packed_checks(folder),
                        activities={name: entry["usable_when"] for name, entry in plan["activities"].items()})
        elif args["step"] in ("ask", "outage"):
            args["checks"] = plan["activities"][args["activity"]]["usable_when"]
        return args

    def seen(self, result: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
             task_vars: dict[str, Any]) -> None:
        """An activity that is not usable fails its unit, with the reason that the last question had."""
        answer = (result.get("evidence") or {}).get("answer")
        if answer and not answer["usable"]:
            result.update(failed=True, word="failed",
                          msg=f"{self._task.args['activity']} is not usable: {answer['reason']}. "
                              f"Asked {answer['asked']} times from {self.machine(task_vars)}.")
