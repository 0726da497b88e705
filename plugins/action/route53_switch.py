# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Points the names of a switch group at the side that serves, in Route 53, from the controller."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.plugin_utils import _route53
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import OurAction, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._aws import AwsError
from ansible_collections.bascule.continuity.plugins.plugin_utils._by_hand import by_hand, records_of
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs

# What the stack of a cloud site said at its last build, in the compiled folder; not there for other sites.
OUTPUTS = ("outputs", "standby.json")


class ActionModule(OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"switch", "group", "side"})

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Ask, change what differs, wait until it is everywhere, ask again. Failing to switch is failing."""
        result = super().run(tmp, task_vars)
        folder, _run = token()
        switch, group, side = (self._task.args[name] for name in ("switch", "group", "side"))
        records = records_of(group, side)
        if self._task.check_mode:
            return {**result, "changed": True, "simulated": True, "word": "simulated", "evidence": {"names": records}}
        try:
            found = _route53.moved(switch, records, runs.read_json(folder.parents[1].joinpath(*OUTPUTS)))
        except AwsError as error:
            sentence = f"The names were not switched. {str(error).rstrip('.')}. {by_hand(switch, records)}"
            raise AnsibleActionFail(sentence, result={"reason": "not-switched"}) from None
        evidence = {"names": records, "switched": list(found.switched), "zone": found.zone.id, "change": found.change,
                    "servers": dict(found.servers)}
        notes = []
        if found.servers and set(found.servers.values()) == {"silent"}:
            notes.append(f"None of the name servers of {found.zone.name} can be asked from this computer; Route 53 "
                         "itself says that its names lead there.")
        return {**result, "changed": bool(found.switched), "word": "done", "evidence": evidence, "notes": notes}
