# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a machine before a run: clock, markers, lock. Keeps what it saw for the guard and the gates."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.bascule.continuity.plugins.plugin_utils import _request
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import ActingBase, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs, unreached

STATE = "/var/lib/bascule"
ETC = "/etc/bascule"


class ActionModule(ActingBase):
    """See the documentation of the module of the same name."""

    MODULE = "bascule.continuity.preflight"

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Skip a machine that the guard found silent; never log in to one that must not be touched.

        With `again`, machines that were looked at before are left out too: it is for those that were just built.
        """
        folder, run = token()
        machine = self.machine(task_vars)
        known = [folder / where / f"{machine}.json" for where in ("machines", "locked-out")]
        if not run["reachable"].get(machine) or (self._task.args.get("again") and any(path.exists() for path in known)):
            return {"changed": False, "skipped": True, "skip_reason": "silent, or not in scope", "machine": machine}
        try:
            return super().run(tmp, task_vars)
        except AnsibleConnectionFailure as error:
            # It answers and cannot be worked with. The guard and the gates say so; here it must not end the run.
            runs.write_json(folder / "locked-out" / f"{machine}.json", unreached.sentence(machine, str(error)))
            raise

    def prepared(self, args: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
                 task_vars: dict[str, Any]) -> dict[str, Any]:
        """Add who asks, whether to lock, and which holders are known to have ended."""
        machine = self.machine(task_vars)
        locks = run["driver"] in _request.LOCKING and plan["machines"][machine]["site"] == "standby"
        args.pop("again", None)
        args.update(policy=plan["policy"]["id"], state=self.host_variable(task_vars, "bascule_state", STATE),
                    etc=self.host_variable(task_vars, "bascule_etc", ETC),
                    lock=locks and not run["check"], holder={"run": run["id"], **run["holder"]},
                    takeover=run["takeover"] or "")
        if args.get("step") == "look":
            args["asked_at"] = time.time()
        return args

    def seen(self, result: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
             task_vars: dict[str, Any]) -> None:
        """Write `machines/<id>.json` for the guard; a lock whose holder has ended is taken in a second pass."""
        if result.get("step") != "look":
            return
        if result.get("failed"):
            sentence = f"{self.machine(task_vars)} answers and cannot be held. {result.get('msg')}"
            runs.write_json(folder / "locked-out" / f"{self.machine(task_vars)}.json", sentence)
            return
        holder = result.get("held_by")
        if holder and holder["run"] != run["id"] and _request.has_ended(holder):
            again = {**self._task.args, "run": self._run_facts(run, task_vars)}
            again = self.prepared(again, folder, run, plan, task_vars)
            again["takeover"] = holder["run"]
            result.update(self._execute_module(module_name=self.MODULE, module_args=again, task_vars=task_vars))
            result["notes"] = [f"The run {holder['run']} was killed and left its hold on machines behind; this run "
                               "goes on from where it came to."]
        evidence = result.get("evidence") or {}
        returned, asked = time.time(), float(evidence.pop("asked_at"))
        # The answer was made at some moment in between, so only what lies outside of it is an offset.
        early, late = evidence["clock"] - returned, evidence["clock"] - asked
        evidence["offset_s"] = round(early if early > 0 else min(late, 0.0), 3)
        path = folder / "machines" / f"{self.machine(task_vars)}.json"
        runs.write_json(path, {**evidence, "held_by": result.get("held_by")})
