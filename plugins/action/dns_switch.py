# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Points the names of a switch group at the side that serves, by signed dynamic updates from the controller."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import OurAction, plan_of, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._by_hand import by_hand, records_of
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import dns_update, secrets


class ActionModule(OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"switch", "group", "side"})

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Ask, change what differs, ask again. Failing to switch is failing."""
        result = super().run(tmp, task_vars)
        folder, _run = token()
        switch, group, side = (self._task.args[name] for name in ("switch", "group", "side"))
        records = records_of(group, side)
        server = (str(switch["server"]), int(switch.get("port") or 53))
        if self._task.check_mode:
            return {**result, "changed": True, "simulated": True, "word": "simulated", "evidence": {"names": records}}
        try:
            differing = dns_update.differing(server, records)
            if differing:
                key = self._key(switch, plan_of(folder), task_vars)
                wanted = {name: records[name] for name in differing}
                dns_update.replace(server, str(switch["zone"]), wanted, int(switch["ttl_s"]), key)
        except (dns_update.DnsError, secrets.MissingSecretError) as error:
            sentence = f"The names were not switched. {str(error).rstrip('.')}. {by_hand(switch, records)}"
            raise AnsibleActionFail(sentence, result={"reason": "not-switched"}) from None
        return {**result, "changed": bool(differing), "word": "done",
                "evidence": {"names": records, "switched": list(differing)}}

    def _key(self, switch: Any, plan: dict[str, Any], task_vars: dict[str, Any]) -> Any:
        name = (switch.get("key") or {}).get("secret")
        if not name:
            return None
        return dns_update.parse_key(secrets.resolve(name, plan["secrets"], self.vault(task_vars)))
