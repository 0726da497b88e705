# SPDX-License-Identifier: Apache-2.0
"""How many workers Ansible has at most, and with which units they begin: what is compiled and the guard agree on it."""

from __future__ import annotations

from typing import Mapping, Sequence

# 168 workers were seen to take 1.75 GiB; beyond this a laptop has other troubles than waiting.
MOST = 200


def in_turn(after: Mapping[str, Sequence[str]]) -> list[str]:
    """Given the units of a plan, in its order, with those that each comes after, return them in the order in which
    Ansible is to begin with them.

    It begins with one after the other, which takes seconds where there are hundreds: those that wait for nobody come
    first, then those that wait for them. With fewer workers than units all stay in the order of the plan, in which a
    worker that waits never waits for a unit that has none.
    """
    if len(after) > MOST:
        return list(after)
    depths: dict[str, int] = {}
    for unit, before in after.items():
        depths[unit] = max((depths[name] + 1 for name in before), default=0)
    return sorted(after, key=depths.__getitem__)
