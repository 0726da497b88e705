# SPDX-License-Identifier: Apache-2.0
"""What a stop costs: money as a curve, and how bad it is for customers, the law, the image, people and operations.

Money is declared for a stop that begins at the worst moment, and follows the working time that is lost: an hour lost on
Monday morning is not one lost on Sunday. Levels are steps: what was reached stays reached.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
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
    """A cost, never falling, linear between knots (working seconds, amount); the first knot is at 0.

    After the last knot it goes on as steeply as before it.
    """

    knots: tuple[tuple[float, float], ...]

    @cached_property
    def _at(self) -> list[float]:
        return [x for x, _ in self.knots]

    @cached_property
    def _areas(self) -> list[float]:
        areas = [0.0]
        for (x0, y0), (x1, y1) in pairwise(self.knots):
            areas.append(areas[-1] + (x1 - x0) * (y0 + y1) / 2)
        return areas

    def _slope(self, index: int) -> float:
        """Return the slope after a knot; that of the last stretch after the last knot."""
        if len(self.knots) == 1:
            return 0.0
        (x0, y0), (x1, y1) = self.knots[min(index, len(self.knots) - 2) :][:2]
        return (y1 - y0) / (x1 - x0)

    def cost(self, lost_s: float) -> float:
        """Given working seconds that are lost, return the amount."""
        index = bisect_right(self._at, lost_s) - 1
        x, y = self.knots[index]
        return y + self._slope(index) * (lost_s - x)

    def area(self, lost_s: float) -> float:
        """Return the integral of the cost from 0 to these working seconds, in amount times seconds."""
        index = bisect_right(self._at, lost_s) - 1
        x, y = self.knots[index]
        step = lost_s - x
        return self._areas[index] + step * (y + self._slope(index) * step / 2)

    @property
    def last_s(self) -> float:
        """The working seconds up to which the curve was declared."""
        return self.knots[-1][0]


def curve(points: Sequence[Point], working: Callable[[float], float]) -> Curve | None:
    """Given the points of an activity, and how much working time a stop so long takes at most, return the curve.

    Points between which no work is done lose the same working time: the dearer one counts. None without an amount.
    Raise ValueError for a curve that falls.
    """
    knots: list[tuple[float, float]] = [(0.0, 0.0)]
    for point in points:
        if point.amount is None:
            continue
        x, y = working(point.after_s), point.amount
        if x < knots[-1][0] or y < knots[-1][1]:
            raise ValueError(f"the cost falls at {point.after_s:g} s: {y:g} after {knots[-1][1]:g}")
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
