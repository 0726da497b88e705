# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link to a standby in a cloud: finds what a machine is in it, and gives it its own key and nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.module_utils import link_keys
from ansible_collections.bascule.continuity.plugins.plugin_utils import _link
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import ActingBase, plan_of, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs, secrets

OUTPUTS = "outputs/standby.json"
# What recovers or comes home goes on without the link as far as it can; a build that has none is not done.
GOES_ON = frozenset({"activate", "failback", "status"})


class ActionModule(ActingBase):
    """See the module of the same name."""

    MODULE = "bascule.continuity.link"

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Skip machines that are none of the link's or that are silent; a failure is a note where the run can go on."""
        folder, run = token()
        machine = self.machine(task_vars)
        if _link.settings(plan_of(folder), machine, None, {}) is None or not run["reachable"].get(machine):
            return {"changed": False, "skipped": True, "skip_reason": "not the link's, or silent", "machine": machine}
        if self._task.args.get("step") != "forget" and _link.of(plan_of(folder))["through"] in run.get("absent", ()):
            # Of a site that is cold, the link begins with an activation.
            why = "its end is not there before an activation"
            return {"changed": False, "skipped": True, "skip_reason": why, "machine": machine}
        if run["driver"] not in GOES_ON:
            return super().run(tmp, task_vars)
        try:
            result = super().run(tmp, task_vars)
        except AnsibleActionFail as error:
            result = {"failed": True, "msg": str(error), "machine": machine}
        if result.pop("failed", False):
            said = str(result.pop("msg", "it failed"))
            result.update(changed=bool(result.get("changed")), word="failed", notes=[f"The link at {machine}: {said}"],
                          evidence={"problems": [said]})
        return result

    def prepared(self, args: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
                 task_vars: dict[str, Any]) -> dict[str, Any]:
        """Add what the machine is; public keys are derived here, so that each machine gets its own private one only."""
        machine = self.machine(task_vars)
        forgets = args["step"] == "forget"
        public = {} if forgets else self._public(plan, task_vars, _link.role(plan, machine))
        link = _link.settings(plan, machine, None if forgets else endpoint(folder.parents[1]), public)
        assert link is not None
        if args["step"] != "raise":
            link.pop("key", None)
        for peer in [*link.get("peers", ()), *link.get("beyond", ())]:
            peer["silent"] = not run["reachable"].get(peer["name"], False)
        return {**args, "link": link}

    def _public(self, plan: dict[str, Any], task_vars: dict[str, Any], role: str) -> dict[str, str]:
        """Machine -> public key; a machine at which no tunnel ends needs none."""
        link = _link.of(plan)
        if link is None or role == _link.NEAR:
            return {}
        named = {link["through"]: link["key"], **{name: peer["key"] for name, peer in link["peers"].items()}}
        found = {}
        for machine, key in named.items():
            try:
                value = secrets.resolve(key["secret"], plan["secrets"], self.vault(task_vars))
                found[machine] = link_keys.public(value)
            except link_keys.BadKeyError as error:
                raise AnsibleActionFail(f"The secret {key['secret']} cannot be used: {error}.",
                                        result={"reason": "no-secret"}) from None
        return found

    def seen(self, result: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
             task_vars: dict[str, Any]) -> None:
        """A build is not done while no packet goes through its link."""
        problems = (result.get("evidence") or {}).get("problems")
        if problems and run["driver"] == "build":
            result.update(failed=True, word="failed", msg=" ".join(problems))


def endpoint(compiled: Path) -> Optional[str]:
    """Where the standby's end is reached from everywhere, as it was saved when the site was built."""
    try:
        found = runs.read_json(compiled / OUTPUTS) or {}
    except ValueError:
        return None
    link = found.get("link") or {}
    return f"{link['endpoint']}:{link['port']}" if link.get("endpoint") else None
