# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for machines that were just built, and pins their host keys at the first contact."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.plugin_utils import _contact, _doors, _outputs, _stack
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import (
    OurAction,
    known_hosts_lines,
    plan_of,
    token,
)
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built, journal

LIMIT_S, MET_S = 180, 60
AT_ONCE = 16


class ActionModule(OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"site", "phase", "machines", "here", "limit_s"})

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Wait for all of them at once; those that do not come in time are named, which is no failure here."""
        result = super().run(tmp, task_vars)
        folder, run = token()
        plan, compiled = plan_of(folder), folder.parents[1]
        result.update(machine=self.machine(task_vars), step="contact", changed=False)
        names = self._names(plan, task_vars)
        if self._task.args.get("here"):
            names = [name for name in names if run["reachable"].get(name) and not self._pinned(folder, plan, name)]
        if self._task.check_mode or not names:
            return {**result, "silent": [], "met": []}
        instances, known = _stack.instances(folder), _outputs.contacts(compiled)
        if (folder / _doors.UNBUILT).exists():
            # What was not built by this run is there already, or will not come.
            names = [name for name in names if run["reachable"].get(name) or self._unmet(name, instances, known)]
        limit_s = float(self._task.args.get("limit_s") or LIMIT_S)

        def meet(name: str) -> _contact.Met:
            # One that was met before has started long ago.
            wait_s = limit_s if self._unmet(name, instances, known) else min(limit_s, MET_S)
            return _contact.meet(compiled, plan["machines"][name], name, instances.get(name, ""), known.get(name) or {},
                                 known_hosts_lines(folder), wait_s, lambda: os.getppid() == run["pid"])

        with ThreadPoolExecutor(AT_ONCE) as several:
            met = dict(zip(names, several.map(meet, names)))
        first = {name: about for name, about in met.items() if about.fresh}
        if first:
            now = journal.now()
            known.update({name: {"instance": about.instance, "key": about.key, "at": now, "run": run["id"]}
                          for name, about in first.items()})
            _outputs.keep_contacts(compiled, plan, known)
        return {**result, "changed": bool(first), "word": "done", "met": sorted(first),
                "silent": sorted(name for name, about in met.items() if about.why),
                "notes": [about.why for about in met.values() if about.why],
                "contacts": [{"machine": name, "address": str(plan["machines"][name]["address"]),
                              "instance": about.instance, "key": _contact.fingerprint(about.key)}
                             for name, about in first.items()]}

    @staticmethod
    def _unmet(name: str, instances: dict[str, str], known: dict[str, Any]) -> bool:
        return name in instances and (known.get(name) or {}).get("instance") != instances[name]

    @staticmethod
    def _pinned(folder: Path, plan: dict[str, Any], name: str) -> bool:
        host = _outputs.host_pattern(plan["machines"][name])
        return any(host in line.split(" ")[0].split(",") for line in known_hosts_lines(folder))

    def _names(self, plan: dict[str, Any], task_vars: dict[str, Any]) -> list[str]:
        """Machines of the site that are to be there in this phase and that are reached by ssh."""
        machines = built.sites(plan)[str(self._task.args["site"])]["machines"]
        wanted, phase = self._task.args.get("machines"), self._task.args.get("phase")
        names = [name for name, entry in machines.items()
                 if phase in (None, *entry["runs_in"]) and (not wanted or name in wanted)]
        local = {name for name in names if task_vars["hostvars"].get(name, {}).get("ansible_connection") == "local"}
        return [name for name in names if name not in local]
