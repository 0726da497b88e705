# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the account of a site in a cloud itself, without the engine: what could be built, what is left, what goes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.action.stack import LOG
from ansible_collections.bascule.continuity.plugins.plugin_utils import _bridge, _outputs, _stack
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import OurAction, plan_of, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built

LIMITS_S = {"status": 60, "left": 120, "sweep": 1200}


class ActionModule(OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"step", "site", "limit_s"})

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Ask, journal the answer; what is left, or in the way, is for the report to judge."""
        result = super().run(tmp, task_vars)
        folder, run = token()
        plan, compiled, step = plan_of(folder), folder.parents[1], str(self._task.args["step"])
        site = str(self._task.args["site"])
        cloud = built.sites(plan)[site]
        result.update(machine=self.machine(task_vars), step=step)
        if self._task.check_mode and step == "sweep":
            return {**result, "changed": True, "simulated": True, "word": "simulated"}
        request = {"do": step, "folder": str(compiled), "policy": plan["policy"]["id"], "run": run["id"],
                   "facts": self._facts(plan, cloud, run, compiled)}
        began = time.time()
        try:
            limit_s = float(self._task.args.get("limit_s") or LIMITS_S[step])
            found, _events = _bridge.work(compiled, request, _bridge.environment(plan, ""), limit_s, folder / LOG,
                                          lambda: os.getppid() == run["pid"])
        except _bridge.BridgeError as error:
            account = {"site": site, "action": step, "msg": str(error), "seconds": round(time.time() - began, 2)}
            if step == "status":
                # Not to be able to ask is an answer.
                return {**result, "changed": False, "account": {**account, "problems": [str(error)]}}
            raise AnsibleActionFail(str(error), result={
                "reason": error.reason, "machine": result["machine"], "step": step, "account": account}) from None
        if step == "sweep" and run["sweep"]["everything"] and not found["things"]:
            _outputs.forget(compiled)
        known = {key: value for key, value in found.items() if key not in ("event", "changed")}
        at = _outputs.saved_at(compiled)
        account = {"site": site, "action": step, "msg": "", "seconds": round(time.time() - began, 2), **known,
                   **({"saved_at": at} if step == "status" else {})}
        return {**result, "changed": bool(found.get("changed")), "word": "done", "account": account}

    @staticmethod
    def _facts(plan: dict[str, Any], cloud: dict[str, Any], run: dict[str, Any], compiled: Path) -> dict[str, Any]:
        return {"region": cloud["region"], "machines": cloud["machines"],
                "home": _stack.is_known_home(plan, run, compiled), **run["sweep"]}
