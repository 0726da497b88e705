# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells a person how to send users to the side that serves; the observers are waited for afterwards."""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import OurAction, token


class ActionModule(OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"switch", "group", "side"})

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Say it by notes, shown at once and repeated by the report. The word is `asked`: nothing was seen yet."""
        result = super().run(tmp, task_vars)
        token()
        switch, group, side = (self._task.args[name] for name in ("switch", "group", "side"))
        names = {str(entry.get("fqdn") or entry["name"]): str(entry["addresses"][side]) for entry in group["names"]}
        lines = [str(switch.get("say") or "Send the users to the site that serves now.")]
        lines += [f"  {name} -> {address}" for name, address in names.items()]
        word = "simulated" if self._task.check_mode else "asked"
        if not self._task.check_mode:
            limit = f"{float(switch.get('limit_s') or 1800) / 60:g}"
            lines.append(f"The observers are waited for, up to {limit} minutes.")
        return {**result, "changed": False, "word": word, "evidence": {"names": names},
                "notes": [" ".join(line.split()) for line in lines]}
