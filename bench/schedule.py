# SPDX-License-Identifier: Apache-2.0
"""List scheduling, the bound that a graph of units is measured against."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence


def makespan(seconds: Mapping[str, float], after: Mapping[str, Sequence[str]], workers: int) -> float:
    """How long all take when a free worker always takes the first unit, in the given order, that may begin.

    Graham's list scheduling (Bounds on multiprocessing timing anomalies, 1969). With as many workers as units it is the
    critical path. `seconds` is in the order of the list; every unit stands after those that it comes `after`.
    """
    waiting, ended, running, now = list(seconds), set[str](), list[tuple[float, str]](), 0.0
    while waiting or running:
        ready = [name for name in waiting if set(after[name]) <= ended]
        for name in ready[: workers - len(running)]:
            waiting.remove(name)
            heapq.heappush(running, (now + seconds[name], name))
        now, name = heapq.heappop(running)
        ended.add(name)
    return now
