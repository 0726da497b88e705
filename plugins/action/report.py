# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes the report of a run from its journal, writes it beside, and fails unless the promise was kept."""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import OurAction, plan_of, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import journal, report, runs, text


class ActionModule(OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Write `report.json` and `report.txt`; the journal's callback prints the latter at the very end."""
        result = super().run(tmp, task_vars)
        folder, _run = token()
        # What the journal does not have yet is that the run has ended; this is its last step that says anything.
        events = [*journal.read(folder), {"event": "run_ended", "t": journal.now(), "exit_hint": None}]
        found = report.compute(plan_of(folder), events)
        runs.write_json(folder / "report.json", found)
        runs.write_text(folder / "report.txt", text.render(found))
        if not found["ok"]:
            result.update(failed=True, reason="not-kept", msg="Not reached: " + "; ".join(found["problems"]) + ".")
        return {**result, "changed": False}
