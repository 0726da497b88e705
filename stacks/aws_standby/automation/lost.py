# SPDX-License-Identifier: Apache-2.0
"""States that do not know what was built."""

from __future__ import annotations

from automation.ask import Ask
from automation.trouble import Trouble

# What shows that a site was built.
COSTLY = frozenset({"instance", "network", "bucket", "volume"})


def refuse(ask: Ask) -> None:
    """Raise Trouble when the state knows nothing and something was built: it would be built a second time."""
    saved = ask.kept / ("standby.json" if ask.stack == "standby" else f"{ask.stack}.json")
    if saved.is_file():
        raise Trouble(
            "state-lost",
            f"The state at {ask.state} knows nothing of what was built before (outputs/"
            f"{saved.name} does), so it can be neither built again, which would make everything twice, nor destroyed. "
            "Give this controller the state that it was built with, or remove it by tags: dr-sweep.yml.",
        )


def refuse_twice(ask: Ask) -> None:
    """Raise Trouble when nothing is known here of what was built, and the account knows it by its tags."""
    from account.access import identity
    from account.listing import owned

    region, drill = str(ask.facts.get("region") or ""), ask.config.get("bascule:drill", "")
    if not region:
        return
    identity(region)
    found, _unknown = owned(ask.policy, region)
    names = sorted({thing.machine or thing.id for thing in found if thing.drill == drill and thing.kind in COSTLY})
    if names:
        raise Trouble(
            "state-lost",
            f"The state at {ask.state} knows nothing, and {', '.join(names)} of this policy are in the account "
            "already: building would make everything a second time. Give this controller the state that the standby "
            "was built with, or remove it by tags: dr-sweep.yml.",
        )
