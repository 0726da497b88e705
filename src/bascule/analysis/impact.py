# SPDX-License-Identifier: Apache-2.0
"""What a stop costs: money as a curve, and how bad it is for customers, the law, the image, people and operations.

Money is declared for a stop that begins at the worst moment, by how long it lasts (`bascule.analysis.equivalence` says
what that means for other moments). Levels are steps: what was reached stays reached.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

# From light to grave; the last is what the business cannot bear.
LEVELS = ("minor", "serious", "unacceptable")
UNACCEPTABLE = LEVELS[-1]
CATEGORIES = ("customers", "legal", "image", "people", "operations")
# A level that was given without saying for whom.
OVERALL = "overall"


@dataclass(frozen=True)
class Point:
    """What a stop has cost once it lasted ``after_s``; ``levels`` maps a category (or ``overall``) to a level."""

    after_s: float
    amount: float | None = None
    levels: Mapping[str, str] = field(default_factory=dict)


class Bearable(NamedTuple):
    """How long a stop can be borne, and for which category it is unacceptable then."""

    seconds: float
    category: str


@dataclass(frozen=True)
class Curve:
    """A cost, never falling, linear between knots (seconds of a stop at the worst moment, amount); the first is at 0.

    After the last knot it goes on as steeply as before it.
    """

    knots: tuple[tuple[float, float], ...]

    @cached_property
    def _at(self) -> list[float]:
        return [x for x, _ in self.knots]

    def cost(self, lasts_s: float) -> float:
        """Given how long a stop lasts that begins at the worst moment, return the amount."""
        index = min(bisect_right(self._at, lasts_s), len(self.knots) - 1)
        (x0, y0), (x1, y1) = self.knots[max(0, index - 1)], self.knots[max(1, index) if len(self.knots) > 1 else 0]
        return y0 if x1 == x0 else y0 + (y1 - y0) / (x1 - x0) * (lasts_s - x0)

    @property
    def last_s(self) -> float:
        """How long a stop the curve was declared for."""
        return self.knots[-1][0]


def curve(points: Sequence[Point]) -> Curve | None:
    """Given the points of an activity, return the curve; None without an amount. Raise ValueError when it falls."""
    knots: list[tuple[float, float]] = [(0.0, 0.0)]
    for point in points:
        if point.amount is None:
            continue
        x, y = float(point.after_s), float(point.amount)
        if x < knots[-1][0] or y < knots[-1][1]:
            raise ValueError(f"the cost falls at {x:g} s: {y:g} after {knots[-1][1]:g}")
        if x == knots[-1][0]:
            knots.pop()
        knots.append((x, y))
    return Curve(tuple(knots)) if any(point.amount is not None for point in points) else None


def levels_after(points: Sequence[Point], lasts_s: float) -> dict[str, str]:
    """Given the points of an activity and how long it stops, return the gravest level reached in each category."""
    reached: dict[str, str] = {}
    for point in points:
        if point.after_s <= lasts_s:
            for category, level in point.levels.items():
                reached[category] = max(reached.get(category, level), level, key=LEVELS.index)
    return reached


def bearable(points: Sequence[Point]) -> Bearable | None:
    """Given the points of an activity, return the longest bearable stop: the first that is unacceptable for anybody.

    None when no point is unacceptable.
    """
    found = [
        Bearable(point.after_s, category)
        for point in points
        for category, level in point.levels.items()
        if level == UNACCEPTABLE
    ]
    return min(found, key=lambda bound: bound.seconds, default=None)


def softer(points: Sequence[Point]) -> list[tuple[int, str]]:
    """Return each point and category where a level is lighter than it was before: impacts are cumulated."""
    found, reached = [], dict[str, int]()
    for index, point in enumerate(points):
        for category, level in point.levels.items():
            grave = LEVELS.index(level)
            if grave < reached.get(category, 0):
                found.append((index, category))
            reached[category] = max(grave, reached.get(category, 0))
    return found
