# SPDX-License-Identifier: Apache-2.0
"""How many workers Ansible has at most, and with which units they begin: the settings and the inventory agree on it."""

from __future__ import annotations

from collections.abc import Sequence

from bascule.plan import Unit

# 168 workers were seen to take 1.75 GiB; beyond this a laptop has other troubles than waiting.
MOST = 200


def in_turn(units: Sequence[Unit]) -> list[Unit]:
    """Given the units of a plan, return them in the order in which Ansible is to begin with them.

    It begins with one after the other, which takes seconds where there are hundreds: those that wait for nobody come
    first, then those that wait for them. With fewer workers than units all stay in the order of the plan, in which a
    worker that waits never waits for a unit that has none.
    """
    if len(units) > MOST:
        return list(units)
    depths: dict[str, int] = {}
    for unit in units:
        depths[unit.id] = max((depths[name] + 1 for name in unit.after), default=0)
    return sorted(units, key=lambda unit: depths[unit.id])
