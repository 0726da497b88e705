# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sweep of the account must be told, and where it makes no sense."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.bascule.continuity.plugins.plugin_utils._copies import RefusedError
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built

WORDS = {"drills": "expired", "everything": "yes"}


def wish(driver: str, plan: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, bool]:
    """What is to go: `{"drills": …, "everything": …}`. Raises RefusedError when the wish is not clear."""
    given = {name: str(wanted.get(name) or "").strip() for name in WORDS}
    said = {name: value for name, value in given.items() if value}
    if driver != "sweep":
        if said:
            raise RefusedError("not-sweeping", f"-e {', '.join(said)} is for dr-sweep.yml alone. Leave it out.")
        return dict.fromkeys(WORDS, False)
    if not built.sites(plan):
        raise RefusedError("no-cloud", "No site of this policy is built in a cloud, so there is nothing to sweep.")
    if len(said) != 1 or any(value.lower() not in (WORDS[name], "true") for name, value in said.items()):
        raise RefusedError("no-wish", "Say what is to go: -e drills=expired for drills whose day is over, or "
                           "-e everything=yes for all that carries the tag of this policy.")
    return {name: name in said for name in WORDS}
