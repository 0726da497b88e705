# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module `third`: only within a guarded run, and never with a key of the copies."""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import ActingBase, token

KEPT = ("id", "machines", "addresses", "third")
QUIET = frozenset({"look", "forget"})


class ActionModule(ActingBase):
    """See the module of the same name."""

    MODULE = "bascule.continuity.third"
    CARRIES = frozenset({"prepare", "open", "receive", "settle"})

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Do not log in where the guard found nobody, when it is only to look or to forget."""
        _folder, run = token()
        machine = self.machine(task_vars)
        if self._task.args.get("step") in QUIET and not run["reachable"].get(machine):
            return {"changed": False, "skipped": True, "skip_reason": "silent, or not in scope", "machine": machine}
        return super().run(tmp, task_vars)

    def prepared(self, args: dict[str, Any], folder: Any, run: dict[str, Any], plan: dict[str, Any],
                 task_vars: dict[str, Any]) -> dict[str, Any]:
        """Leave out what the third place must not know: its protections name the secret that opens them.

        Addresses are the machines', where copies lie; a system in a guest has others of its own.
        """
        system = {key: args["system"][key] for key in KEPT}
        where = {side: (plan["machines"].get(name) or {}).get("address") for side, name in system["machines"].items()}
        kept = {side: where.get(side) or address for side, address in system["addresses"].items()}
        return {**args, "system": {**system, "addresses": kept}}
