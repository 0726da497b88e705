# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard: refuses what would make a run partial, unwritten or senseless, before anything is touched."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleActionFail
from ansible.utils.vars import load_extra_vars
from ansible_collections.bascule.continuity.plugins.plugin_utils import (
    _doors,
    _refusals,
    _refused_variables,
    _request,
    _route53,
)
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import OurAction, plan_of, run_folder, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built, runs, scope, secrets

# An activation goes on with the tunnels that there are.
LINKING = frozenset({"build", "failback", "status"})


class ActionModule(OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"driver", "step"})
    SITE = "site."

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Do the step that was asked for; a refusal is a failure with `reason` and a plain sentence."""
        result = super().run(tmp, task_vars)
        steps = {"open": self._open, "settle": self._settle, "token": self._token, "refuse": self._refuse,
                 "site": self._site, "look": self._look}
        try:
            result.update(steps[str(self._task.args.get("step", "open"))](task_vars))
        except _request.RefusedError as error:
            raise AnsibleActionFail(f"Refused: {error}", result={"reason": error.reason}) from None
        return result

    def _open(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        _refuse(_refusals.of_process(context.CLIARGS))
        steps = [*Path().glob("dr[-_]*.yml"), *Path("playbooks").rglob("*.yml")]
        _refuse(_refused_variables.overriding(load_extra_vars(self._loader), steps))
        driver, folder = str(self._task.args["driver"]), run_folder()
        plan = plan_of(folder)
        _refuse(_refusals.other_machines(context.CLIARGS, task_vars["groups"], plan))
        run = _request.request(driver, plan, task_vars, folder, bool(self._task.check_mode))
        run["secrets_missing"] = self._missing(plan, run, task_vars)
        Path("~/.bascule").expanduser().mkdir(mode=0o700, exist_ok=True)
        with ThreadPoolExecutor(1) as beside:
            looking = beside.submit(_request.look, plan, run)
            self._build_modules(plan, run, task_vars, looking)
            looking.result()
        _request.refuse_seen(plan, run)
        return self._write(folder, run)

    def _build_modules(self, plan: dict[str, Any], run: dict[str, Any], task_vars: dict[str, Any],
                       looking: Future[None]) -> None:
        """While silent machines are waited for: build the modules of this run, which Ansible keeps until its end.

        Those of the most urgent systems first, for there is time for two or three.
        """
        groups = [plan["groups"][name]["systems"] for name in scope.by_urgency(plan, run["scope"]["groups"])]
        types = dict.fromkeys(str(plan["systems"][name]["type"]) for systems in groups for name in systems)
        for name in ("preflight", *types, "observe", "marker"):
            if looking.done():
                return
            self._configure_module(module_name=f"bascule.continuity.{name}", module_args={}, task_vars=task_vars)

    def _missing(self, plan: dict[str, Any], run: dict[str, Any], task_vars: dict[str, Any]) -> list[str]:
        never = run["driver"] == "activate" and run["scenario"]["mode"] == "compromise"
        sides = (run["direction"],) if never else scope.SIDES
        names = scope.needed_secrets(plan, _request.about(run), sides)
        names += scope.link_secrets(plan) if run["driver"] in LINKING else []
        missing = secrets.missing(names, plan["secrets"], self.vault(task_vars))
        if run["driver"] == "activate" and missing:
            missing = self._enough(plan, names, missing, run, task_vars)
        missing += _route53.missing(plan.get("switch"), run["driver"])
        writers = secrets.missing(scope.writer_secrets(plan), plan["secrets"], self.vault(task_vars))
        if run["driver"] == "status":
            run["notes"] += [f"Copies to the bucket cannot be set up from here: {text}." for text in writers]
        if missing and run["driver"] not in ("status", "sweep"):
            raise _request.RefusedError("no-secret", "Secrets are missing. " + "; ".join(missing) + ".")
        return missing

    def _enough(self, plan: dict[str, Any], names: list[str], missing: list[str], run: dict[str, Any],
                task_vars: dict[str, Any]) -> list[str]:
        """What is missing beside the passphrase of a state: without it nothing is built, and what runs can be used."""
        states = {cloud["state"]["passphrase"]["secret"] for cloud in built.sites(plan).values()}
        rest = secrets.missing([name for name in names if name not in states], plan["secrets"], self.vault(task_vars))
        run["notes"] += [f"Nothing can be built in the cloud: {text}." for text in missing if text not in rest]
        return rest

    def _settle(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        folder, run = token()
        plan = plan_of(folder)
        if run["driver"] in _request.LOCKING and not run["check"]:
            _refuse(_refusals.of_locks(folder, run))
        _request.settle(plan, run, folder)
        return self._write(folder, run)

    def _site(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Which site that is built this host stands for, and where its steps are; none for the controller itself."""
        folder, _run = token()
        sites, name = plan_of(folder)["sites"], str(task_vars["inventory_hostname"]).removeprefix(self.SITE)
        site = name if str(task_vars["inventory_hostname"]).startswith(self.SITE) and sites[name].get("cloud") else None
        steps = folder.parents[1] / "playbooks/sites" / str(sites[site]["provider"]) if site else None
        return {"changed": False, "site": site, "steps": str(steps or "")}

    def _look(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        folder, run = token()
        _doors.look_again(plan_of(folder), run, folder)
        return self._write(folder, run)

    @staticmethod
    def _write(folder: Path, run: dict[str, Any]) -> dict[str, Any]:
        notes = run.pop("notes", [])
        runs.write_json(folder / "run.json", run)
        silent = sorted(name for name, answers in run.get("reachable", {}).items() if not answers)
        return {"changed": False, "written": True, "notes": notes, "run_id": run["id"], "silent": silent,
                "locked": sorted(runs.seen_machines(folder))}

    @staticmethod
    def _token(task_vars: dict[str, Any]) -> dict[str, Any]:
        _refuse(_refusals.partial(context.CLIARGS))
        token()
        return {"changed": False}

    @staticmethod
    def _refuse(task_vars: dict[str, Any]) -> dict[str, Any]:
        failed = task_vars.get("ansible_failed_result") or {}
        raise AnsibleActionFail(str(failed.get("msg", "The run was refused.")),
                                result={"reason": str(failed.get("reason", "refused"))})


def _refuse(found: _refusals.Refusal) -> None:
    if found:
        raise _request.RefusedError(*found)
