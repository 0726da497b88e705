# SPDX-License-Identifier: Apache-2.0
"""What a stop at any moment is worth: the length of a stop at the worst moment that takes the same working time.

Costs are declared by the length of a stop that begins at the worst moment. A stop over a weekend takes less working
time, so it costs what a shorter one would cost then, and never more than one of its own length.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from bascule.analysis.week import WEEK_S, Week

# Work lost is a sum of products; a rounding error must not turn a whole day into almost one.
_ROUNDING_S = 1e-6


@dataclass(frozen=True)
class Equivalence:
    """The most working time in a stop of each length, and back."""

    week: Week

    @cached_property
    def knots(self) -> tuple[tuple[float, float], ...]:
        """Lengths from 0 to a week with the most working seconds in a stop so long, which is linear between them.

        At its worst a stop begins or ends together with working hours. Between two lengths at which such a stop meets
        another edge, each of them takes either all of what is added to it or nothing.
        """
        edges = [edge for span in self.week.spans for edge in span]
        lengths = sorted({0, WEEK_S, *((one - other) % WEEK_S for one in edges for other in edges)})
        knots: list[tuple[float, float]] = [(0.0, 0.0)]
        for short, long in pairwise(lengths):
            at = [(self._open(short, *where), self._open(long, *where)) for where in self._aligned()]
            flat = max((before for before, after in at if after <= before), default=0.0)
            rising = max((before for before, after in at if after > before), default=-float("inf"))
            if flat > rising and rising + long - short > flat:
                knots.append((short + flat - rising, flat))
            knots.append((float(long), max(after for _, after in at)))
        return tuple(knots)

    def _aligned(self) -> list[tuple[int, bool]]:
        return [place for begin, end in self.week.spans for place in ((begin, True), (end, False))]

    def _open(self, lasts_s: int, edge: int, begins: bool) -> float:
        return self.week.open_s(edge if begins else edge - lasts_s, lasts_s)

    @cached_property
    def _opens(self) -> list[float]:
        return [most for _, most in self.knots]

    def most_open_s(self, lasts_s: float) -> float:
        """Given how long a stop lasts, return the most working seconds in it."""
        weeks, rest = divmod(lasts_s, WEEK_S)
        index = bisect_right(self.knots, (rest, float("inf"))) - 1
        length, most = self.knots[index]
        rises = index + 1 < len(self.knots) and self.knots[index + 1][1] > most
        return weeks * self._opens[-1] + most + (rest - length if rises else 0)

    def length_s(self, lost_s: float) -> float:
        """Given working seconds, return the longest stop that takes no more than that at its worst moment."""
        weeks, rest = divmod(lost_s + _ROUNDING_S, self._opens[-1])
        index = bisect_right(self._opens, rest) - 1
        length, most = self.knots[index]
        return weeks * WEEK_S + length + max(0.0, rest - most - _ROUNDING_S)

    def turns(self, lost_s: float) -> list[float]:
        """Return the working seconds, up to so many, at which the equivalent length turns or jumps."""
        total = self._opens[-1]
        weeks = int(lost_s // total) + 1
        found = {week * total + most for week in range(weeks) for most in self._opens}
        return sorted(most for most in found if most <= lost_s)
