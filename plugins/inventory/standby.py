# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds to machines that are built in a cloud what is known only since: their instance and their public address."""

from __future__ import annotations

DOCUMENTATION = r"""
name: standby
plugin_type: inventory
short_description: Adds what a build gave to the machines of a standby site in a cloud
description:
  - Reads C(outputs/standby.json) of the compiled folder, which P(bascule.continuity.stack#module) wrote at the last
    build, so that a recovery does not need the engine or its state. With O(live) it asks the engine instead.
  - Adds C(bascule_instance) and C(bascule_public) to machines that the plan has at a site in a cloud and that the
    inventory knows already. It adds no host, and says nothing of any other machine.
  - Where nothing was built yet there is nothing to add, which is said with C(-v).
options:
  plugin:
    description: The name of this plugin.
    required: true
    choices: [bascule.continuity.standby]
  live:
    description: Ask the engine what was built, and not the saved file. Needs the state and its passphrase.
    type: bool
    default: false
  limit_s:
    description: How many seconds the engine may take.
    type: float
    default: 60
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
# inventory/standby.yml, as the compiler writes it
plugin: bascule.continuity.standby
"""

import re
import tempfile
from pathlib import Path
from typing import Any, Optional

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible_collections.bascule.continuity.plugins.plugin_utils import _bridge, _outputs, _stack
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built, runs, secrets

# Variable → key of the output, and what that must look like to become a variable.
ADDED = {"bascule_instance": ("instance", re.compile(r"i-[0-9a-f]{8,32}")),
         "bascule_public": ("public", re.compile(r"\d{1,3}(\.\d{1,3}){3}"))}


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc]
    """See the documentation above."""

    NAME = "bascule.continuity.standby"

    def verify_file(self, path: str) -> bool:
        """Only a file that names this plugin."""
        return bool(super().verify_file(path)) and Path(path).name.endswith(("standby.yml", "standby.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the variables; raises AnsibleParserError only when the engine was to be asked and does not answer."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        compiled = Path(path).resolve().parents[1]
        plan = runs.read_json(compiled / "plan.json") or {"sites": {}, "machines": {}}
        found = self._live(compiled, plan) if self.get_option("live") else _outputs.saved(compiled)
        if found is None:
            self.display.v("Nothing is known of a standby that was built (outputs/standby.json is not there yet).")
            return
        for name in built.machines(plan):
            entry = (found.get("machines") or {}).get(name) or {}
            if name not in inventory.hosts:
                continue
            for variable, (key, form) in ADDED.items():
                if form.fullmatch(str(entry.get(key) or "")):
                    inventory.set_variable(name, variable, str(entry[key]))

    def _live(self, compiled: Path, plan: dict[str, Any]) -> Optional[dict[str, Any]]:
        for cloud in built.sites(plan).values():
            asked = _stack.Asked(plan, cloud, compiled, "inventory")
            try:
                passphrase = _bridge.passphrase(cloud, plan, secrets.no_vault)
                with tempfile.TemporaryDirectory(prefix="bascule-") as folder:
                    answer, _events = _bridge.work(
                        compiled, _stack.request("outputs", asked), _bridge.environment(plan, passphrase),
                        float(self.get_option("limit_s")), Path(folder) / "log", lambda: True)
            except (secrets.MissingSecretError, _bridge.BridgeError) as error:
                if getattr(error, "reason", "") == "nothing":
                    return None
                raise AnsibleParserError(f"The engine could not say what was built: {error}") from error
            return dict(answer["outputs"])
        return None
