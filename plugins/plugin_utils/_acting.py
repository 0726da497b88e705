# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every action of ours stands on: this run's folder, its plan, and secrets that are looked up late."""

from __future__ import annotations

import base64
import io
import multiprocessing
import os
import tarfile
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.bascule.continuity.plugins.module_utils import machine_run
from ansible_collections.bascule.continuity.plugins.plugin_utils import _bucket
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import package_folder, runs, scope, secrets

# What a run with --check really does. Not `compare`: nothing was brought that could be the same.
READ_ONLY_STEPS = frozenset({"points", "status", "look", "outage", "probe"})
NOT_GUARDED = (
    "This step does not belong to a run that the guard let through, so nothing was touched. Start the driver as it is: "
    "ansible-playbook dr-….yml in the compiled folder, without --limit, --tags, --skip-tags or --start-at-task."
)


def run_folder() -> Path:
    """The folder of the run that this worker belongs to; raises AnsibleActionFail when the journal is not on."""
    folder, owner = os.environ.get("BASCULE_RUN", ""), os.environ.get("BASCULE_RUN_PID", "")
    if not folder or owner != str(os.getppid()):
        raise AnsibleActionFail(NOT_GUARDED, result={"reason": "no-journal"})
    return Path(folder)


def token() -> tuple[Path, dict[str, Any]]:
    """The run's folder and its `run.json`, which only the guard writes; raises AnsibleActionFail without it."""
    folder = run_folder()
    run = runs.read_json(folder / "run.json")
    if not run or run.get("pid") != os.getppid():
        raise AnsibleActionFail(NOT_GUARDED, result={"reason": "no-guard"})
    return folder, run


def plan_of(folder: Path) -> dict[str, Any]:
    """The plan beside the runs. Read as data here, and never by Ansible, which would run templates in it."""
    plan = runs.read_json(folder.parents[1] / "plan.json")
    if not isinstance(plan, dict) or plan.get("schema") != "bascule/plan/v1":
        raise AnsibleActionFail("plan.json is missing or is not a bascule/plan/v1. Compile the folder again.",
                                result={"reason": "no-plan"})
    return plan


def known_hosts_lines(folder: Path) -> list[str]:
    """The host keys that are pinned in the compiled folder of a run, and those that runs met first."""
    lines: list[str] = []
    for path in (folder.parents[1] / "known_hosts", folder.parents[1] / "outputs/known_hosts"):
        try:
            lines += path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            continue
    return [line for line in lines if line and not line.startswith("#")]


def packed_runtime() -> str:
    """The package `bascule_runtime` as a base64 tar: the same bytes for the same files."""
    folder, buffer = package_folder(), io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                entry = tarfile.TarInfo(f"bascule_runtime/{path.relative_to(folder)}")
                content = path.read_bytes()
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def packed_once(folder: Path) -> str:
    """`packed_runtime`, packed by the first of the run's steps that carries it and kept in the run's folder."""
    path = folder / "runtime.b64"
    if not path.exists():
        runs.write_text(path, packed_runtime(), synced=False)
    return path.read_text(encoding="ascii")


class OurAction(ActionBase):
    """An action of ours: it knows the vault and the machine that it acts on."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def vault(self, task_vars: dict[str, Any]) -> secrets.Vault:
        """How secrets that live in an Ansible variable are read."""
        def read(name: str) -> str:
            if name not in task_vars:
                raise secrets.MissingSecretError(f"the variable {name} is not defined (vault file not given?)")
            try:
                return str(self._templar.template(task_vars[name]))
            except Exception as error:
                raise secrets.MissingSecretError(f"the variable {name} cannot be decrypted") from error
        return read

    def machine(self, task_vars: dict[str, Any]) -> str:
        """The inventory name of the host that the module runs on."""
        return str(self._task.delegate_to or task_vars["inventory_hostname"])

    def host_variable(self, task_vars: dict[str, Any], name: str, default: str) -> str:
        """A plain inventory variable of the host that the module runs on."""
        host = self.machine(task_vars)
        return str(task_vars.get("hostvars", {}).get(host, {}).get(name, default))


def _behind(run: dict[str, Any], plan: dict[str, Any], task_vars: dict[str, Any]) -> int:
    """How many switch groups of this run are more urgent than the one that the task works for; 0 for no group."""
    group = ((task_vars.get("gated") or {}).get("unit") or {}).get("group")
    order = scope.by_urgency(plan, run["scope"]["groups"])
    return order.index(group) if group in order else 0


class ActingBase(OurAction):
    """An action that touches a machine: it asks for the run's token, looks secrets up, and runs the module of its name.

    A subclass names `MODULE`. Steps in `CARRIES` get the argument `runtime`, the package for the machine, packed.
    """

    MODULE = ""
    CARRIES: frozenset[str] = frozenset()

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Run the module, or say `simulated` in check mode."""
        result = super().run(tmp, task_vars)
        folder, run = token()
        args = dict(self._task.args)
        step = str(args.get("step", ""))
        result.update(step=step, machine=self.machine(task_vars))
        if result["machine"] in run.get("absent", ()):
            return {**result, "changed": False, "skipped": True, "skip_reason": "not there before an activation"}
        if self._task.check_mode and step not in READ_ONLY_STEPS:
            result.update(changed=True, simulated=True, word="simulated")
            return result
        plan = plan_of(folder)
        try:
            args = _bucket.told(self.prepared(args, folder, run, plan, task_vars), plan, folder.parents[1])
            names = secrets.named(args)
            if names:
                args["secrets"] = {
                    name: secrets.resolve(name, plan["secrets"], self.vault(task_vars)) for name in names}
        except secrets.MissingSecretError as error:
            advice = _bucket.advice(args, plan, folder.parents[1], str(error))
            sentence = f"A secret is missing: {error}.{advice}"
            raise AnsibleActionFail(sentence, result={"reason": "no-secret"}) from None
        args["run"] = {**self._run_facts(run, task_vars), "behind": _behind(run, plan, task_vars)}
        if multiprocessing.parent_process():
            machine_run.give_way(args["run"]["behind"])
        if step in self.CARRIES:
            args["runtime"] = packed_once(folder)
        outcome = self._execute_module(module_name=self.MODULE, module_args=args, task_vars=task_vars)
        result.update(outcome)
        if step == "points" and not result.get("failed") and "system" in args:
            runs.write_json(folder / "points" / f"{args['system']['id']}.json", result.get("evidence") or {})
        self.seen(result, folder, run, plan, task_vars)
        return result

    @staticmethod
    def _run_facts(run: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        facts = {key: run[key] for key in ("id", "driver", "direction", "scenario", "point", "started", "check")}
        gated = task_vars.get("gated") or {}
        if gated.get("run"):
            facts["direction"] = str(gated["run"]["direction"])
        unit = gated.get("unit") or {}
        if unit.get("kind") == "system":
            facts["serves_now"] = (run.get("serving") or {}).get(unit["subject"])
            # Who recovers in the direction of the run writes the marker itself: nothing may lie between the two.
            if run["driver"] in ("activate", "failback") and facts["direction"] == run["direction"]:
                facts["epoch"] = (run.get("epochs") or {}).get(unit.get("group"))
        return facts

    def prepared(self, args: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
                 task_vars: dict[str, Any]) -> dict[str, Any]:
        """The module's arguments; for a subclass that adds some."""
        return args

    def seen(self, result: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
             task_vars: dict[str, Any]) -> None:
        """For a subclass that keeps what the module returned, or judges it."""
