# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the checks of the compiled folder with pytest, in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import OurAction, plan_of, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._request import about
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs, scope, secrets

LIMIT_S = 1800


class ActionModule(OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Run them all; the report judges the counts. With --check those that leave a record are left out."""
        result = super().run(tmp, task_vars)
        folder, run = token()
        compiled, plan = folder.parents[1], plan_of(folder)
        request = {"folder": str(compiled), "run": str(folder), "serving": run["serving"],
                   "reachable": run["reachable"], "simulated": bool(self._task.check_mode),
                   "systems": [system["id"] for system in scope.systems(plan, about(run))],
                   "activities": run["scope"]["activities"], "hosts": self._hosts(plan, task_vars)}
        runs.write_json(folder / "verify.json", request)
        counts = self._pytest(compiled, folder, self._environment(plan, folder, task_vars))
        word = "done" if counts["tests"] and counts["passed"] == counts["tests"] else "failed"
        word = "simulated" if self._task.check_mode and word == "done" else word
        return {**result, "changed": False, "word": word, "evidence": counts}

    def _hosts(self, plan: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """How each machine is reached: over SSH by the folder's settings, or on this very computer."""
        local = {name for name in plan["machines"]
                 if task_vars["hostvars"].get(name, {}).get("ansible_connection") == "local"}
        return {name: {"local": name in local, "become": bool(machine.get("become")),
                       "state": str(task_vars["hostvars"].get(name, {}).get("bascule_state", "/var/lib/bascule")),
                       "home": str(task_vars["hostvars"].get(name, {}).get("bascule_home", "/usr/local/lib/bascule"))}
                for name, machine in plan["machines"].items()}

    def _environment(self, plan: dict[str, Any], folder: Path, task_vars: dict[str, Any]) -> dict[str, str]:
        """Secrets of the checks go by the environment of this one process, which nobody else can read."""
        run = runs.read_json(folder / "run.json")
        names = secrets.named([plan["activities"][name]["usable_when"] for name in run["scope"]["activities"]])
        try:
            values = {name: secrets.resolve(name, plan["secrets"], self.vault(task_vars)) for name in names}
        except secrets.MissingSecretError as error:
            raise AnsibleActionFail(f"A secret is missing: {error}.") from None
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "BASCULE"))}
        return {**kept, "BASCULE_VERIFY": str(folder / "verify.json"), "BASCULE_VERIFY_SECRETS": json.dumps(values),
                "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}

    @staticmethod
    def _pytest(compiled: Path, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
        argv = [sys.executable, "-m", "pytest", "--quiet", "--rootdir", str(compiled / "tests/standby"), "-p",
                "no:cacheprovider", "--junitxml", str(folder / "verify.xml"), str(compiled / "tests/standby")]
        try:
            ended = subprocess.run(argv, cwd=compiled, env=environment, capture_output=True, text=True, timeout=LIMIT_S,
                                   check=False)
        except subprocess.TimeoutExpired:
            raise AnsibleActionFail(f"The checks did not end within {LIMIT_S} s.") from None
        (folder / "verify.log").write_text(ended.stdout + ended.stderr, encoding="utf-8")
        counts = runs.read_json(folder / "verified.json")
        if counts is None:
            lines = (ended.stderr or ended.stdout).strip().splitlines() or ["it said nothing"]
            raise AnsibleActionFail(f"The checks could not be run ({lines[-1]}). They need pytest and pytest-testinfra "
                                    f"in the Python that runs Ansible. See {folder / 'verify.log'}.")
        return dict(counts)
