# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows, builds or destroys a site in a cloud, by the engine of Pulumi, and keeps what was built."""

from __future__ import annotations

import os
import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.plugin_utils import _bridge, _doors, _outputs, _stack
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import OurAction, plan_of, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built, runs, secrets, text

LOG = "cloud.log"
LIMITS_S = {"previewed": 180, "present": 1800, "absent": 1800}
DO = {"previewed": "preview", "present": "up", "absent": "destroy"}


class ActionModule(OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"state", "site", "phase", "drill", "expires", "limit_s", "fall", "go_on", "adds_only",
                             "why"})

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Do it, journal what it came to, and keep the outputs; a failure says why and what to do."""
        result = super().run(tmp, task_vars)
        self.folder, self.run_data = token()
        self.plan, self.compiled = plan_of(self.folder), self.folder.parents[1]
        site, state = str(self._task.args["site"]), str(self._task.args["state"])
        self.cloud = built.sites(self.plan)[site]
        self.about = {"site": site, "action": state, "phase": self._task.args.get("phase"),
                      "drill": self._task.args.get("drill") or None}
        result.update(machine=self.machine(task_vars), step=state)
        if state == "saved":
            return {**result, **self._saved(str(self._task.args.get("why") or ""))}
        away = _stack.away(self.plan, self.run_data, self.folder) if self._task.args.get("fall") else []
        if away:
            return {**result, "changed": False, "skipped": True, "skip_reason": "it serves", "notes": [
                f"The standby stays as it is: {', '.join(away)} cannot be said to be usable at home."]}
        began = time.time()
        try:
            return {**result, **self._done(state, task_vars, began)}
        except _bridge.BridgeError as error:
            seen = _stack.came_to(error.seen)
            self._keep_partly(error.seen)
            stack = self._event(began, seen, str(error))
            raise AnsibleActionFail(str(error), result={
                "reason": error.reason, "machine": result["machine"], "step": state, "stack": stack,
                "changed": bool(seen["summary"]), "notes": _stack.notes(error.seen)}) from None

    def _done(self, state: str, task_vars: dict[str, Any], began: float) -> dict[str, Any]:
        if self._task.check_mode and state == "absent":
            return {"changed": True, "simulated": True, "word": "simulated"}
        if state == "absent" and not self.about["drill"]:
            self._refuse_unknown()
        looks = self._task.check_mode or state == "previewed"
        request = _stack.request("preview" if looks else DO[state], self._asked(task_vars))
        limit_s = float(self._task.args.get("limit_s") or LIMITS_S["previewed" if looks else state])
        found, events = _bridge.work(
            self.compiled, request, _bridge.environment(self.plan, self._passphrase(task_vars)), limit_s,
            self.folder / LOG, lambda: os.getppid() == self.run_data["pid"])
        if looks and self._task.args.get("adds_only"):
            self._refuse_loss(found, events)
        if not looks:
            self._keep(state, found)
        word = "simulated" if looks or found["simulated"] else "done"
        done = {"changed": bool(found["changed"]), "word": word, "summary": found["summary"], "steps": found["steps"],
                "simulated": word == "simulated", "outputs": found["outputs"], "notes": _stack.notes(events),
                "stack": self._event(began, found, "")}
        return {**done, **({"diff": {"prepared": _stack.told(found)}} if self._task.diff else {})}

    def _asked(self, task_vars: dict[str, Any]) -> _stack.Asked:
        args = self._task.args
        return _stack.Asked(
            self.plan, self.cloud, self.compiled, str(self.run_data["id"]), self.about["phase"], self.about["drill"],
            args.get("expires"), bool(args.get("fall")), bool(args.get("go_on")),
            _stack.is_missed(self.cloud, self.run_data), self._public_key(task_vars),
            self.about["action"] == "absent" and self._home())

    def _home(self) -> bool:
        """Whether nobody works there for certain; at a drill nobody does."""
        return bool(self.about["drill"]) or _stack.is_known_home(self.plan, self.run_data, self.compiled)

    def _public_key(self, task_vars: dict[str, Any]) -> str:
        if not self.about["phase"]:
            return ""
        return _stack.public_key(
            self.plan, self.cloud, lambda name: secrets.resolve(name, self.plan["secrets"], self.vault(task_vars)))

    def _passphrase(self, task_vars: dict[str, Any]) -> str:
        try:
            return _bridge.passphrase(self.cloud, self.plan, self.vault(task_vars))
        except secrets.MissingSecretError as error:
            raise _bridge.BridgeError("no-secret", f"A secret is missing: {error}.", []) from None

    def _keep(self, state: str, found: dict[str, Any]) -> None:
        name = _stack.name(self.about["drill"])
        if state == "absent":
            _outputs.forget(self.compiled, name)
        elif found["outputs"]:
            _outputs.save(self.compiled, found["outputs"], name)
            if name == _outputs.STANDBY:
                _outputs.forget_gone(self.compiled, self.plan, found["outputs"])

    def _keep_partly(self, seen: list[dict[str, Any]]) -> None:
        """What came to be although the rest failed: instances of machines, which first contacts are told apart by."""
        known, made = _outputs.saved(self.compiled), (seen[-1] if seen else {}).get("machines")
        if made and not self.about["drill"]:
            runs.write_json(self.folder / _stack.MADE, made)
        if known and made and not self.about["drill"]:
            _outputs.save(self.compiled, {**known, "machines": {**made, **{
                name: entry for name, entry in known["machines"].items()
                if (made.get(name) or entry)["instance"] == entry["instance"]}}})

    def _refuse_unknown(self) -> None:
        """Machines that were saved and not looked at; those that only the state knows of are the bridge's to name."""
        there = (_outputs.saved(self.compiled) or {}).get("machines")
        if there and not self._home():
            raise _bridge.BridgeError("serves", _stack.NOBODY_KNOWS, [])

    @staticmethod
    def _refuse_loss(found: dict[str, Any], events: list[dict[str, Any]]) -> None:
        lost = _stack.loses(found["steps"])
        if lost:
            raise _bridge.BridgeError("would-lose", (
                f"Building would remove or replace {', '.join(lost)}, which may hold the only copies: the policy or "
                "the account was changed since dr-build.yml. Nothing was built. Compile the policy that the standby "
                "was built with, or run dr-build.yml on a good day."), [*events, {"event": "end", **found}])

    def _saved(self, why: str) -> dict[str, Any]:
        """What was built last, from the file: for when the engine or its state cannot be had."""
        runs.write_json(self.folder / _doors.UNBUILT, {self.about["site"]: why})
        outputs, at = _outputs.saved(self.compiled), _outputs.saved_at(self.compiled)
        known = (f"What was saved on {text.moment(at)} is used (outputs/standby.json)." if outputs
                 else "Nothing was saved before, so only what answers by itself is used.")
        sentence = f"The standby could not be built or changed: {why} {known}"
        stack = {**self.about, "phase": (outputs or {}).get("phase"), "summary": {}, "simulated": False, "provider": "",
                 "seconds": 0.0, "msg": sentence}
        return {"changed": False, "outputs": outputs, "notes": [sentence], "stack": stack}

    def _event(self, began: float, found: dict[str, Any], msg: str) -> dict[str, Any]:
        """What the journal has of it."""
        return {**self.about, "summary": found["summary"], "steps": found["steps"],
                "simulated": bool(found["simulated"]), "provider": found["provider"] or "aws",
                "seconds": round(time.time() - began, 2), "msg": msg,
                "looked": bool(self._task.check_mode) or self.about["action"] == "previewed"}
