# SPDX-License-Identifier: Apache-2.0
"""A standby of which nobody knows that it does not serve may be the only site that does."""

from __future__ import annotations

from collections.abc import Iterable

from automation.trouble import Trouble


def refuse_serving(there: Iterable[str]) -> None:
    """Given the machines that are there and may serve, raise Trouble when there is any."""
    names = sorted(set(there))
    if names:
        raise Trouble(
            "serves",
            f"Users may work on {', '.join(names)}: nobody can say from here that they do not, since these machines "
            "were not all looked at. Bring the users back first, dr-failback.yml; when nobody works there, say so in "
            "the environment, BASCULE_DECLARE='…'. Nothing was touched.",
        )
