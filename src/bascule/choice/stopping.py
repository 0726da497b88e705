# SPDX-License-Identifier: Apache-2.0
"""What stops cost a year by how long they last, as knots: between them the cost is taken to be linear."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from bascule.analysis.stakes import Stakes

# Minutes to a month; what the firm declared is added.
_LASTS_S = (300, 900, 1800, 3600, 7200, 4 * 3600, 8 * 3600, 86400, 2 * 86400, 3 * 86400, 7 * 86400, 30 * 86400)


def knots(stakes: Sequence[Stakes], per_year: float | None, longest_s: float) -> tuple[tuple[float, float], ...]:
    """Given what is at stake in activities that stop together, how often a year they do (None: nobody said, so it is
    not counted), and how long at most, return what their stops cost a year: mean cost times frequency.
    """
    counted = [one for one in stakes if one.curve is not None] if per_year else []
    if not counted:
        return ((0.0, 0.0), (1.0, 0.0))
    declared = {point.after_s for one in counted for point in one.points}
    lasts = sorted({0.0, *map(float, _LASTS_S), *map(float, declared), float(longest_s)})
    found: list[tuple[float, float]] = []
    for seconds in lasts:
        amount = (per_year or 0.0) * sum(mean_cost(one, seconds) for one in counted)
        # Sums over pieces of the week are not exact; a cost never falls.
        found.append((seconds, round(max(amount, found[-1][1] if found else 0.0), 4)))
    return tuple(found)


def mean_cost(stakes: Stakes, lasts_s: float) -> float:
    """Given what is at stake and how long a stop lasts, return what it costs when it begins at any moment."""
    return _mean(_Same(stakes), lasts_s)


class _Same:
    """Stakes as a key: by identity, since they hold mappings."""

    def __init__(self, stakes: Stakes) -> None:
        self.stakes = stakes

    def __hash__(self) -> int:
        return id(self.stakes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.stakes is self.stakes


@cache
def _mean(same: _Same, lasts_s: float) -> float:
    return same.stakes.mean_cost(lasts_s) or 0.0
