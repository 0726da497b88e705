# SPDX-License-Identifier: Apache-2.0
"""Axes of the drawings: time on a scale of ratios, money in equal steps; letters keep their size on a small screen.

Places along the width are shares of it, so that nothing shrinks; heights are pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bascule.analysis.phrases import money
from bascule_runtime.page.tree import Element, Node, element
from bascule_runtime.text import duration

HEIGHT, TOP, BOTTOM = 260, 16, 34
# Shares of the width, in per cent, that are left for the numbers of the axis.
LEFT, RIGHT = 14.0, 96.0
_TICKS_S = (60, 600, 3600, 4 * 3600, 86400, 7 * 86400, 30 * 86400)
# On a phone not all of them have room.
_ALWAYS = frozenset({600, 4 * 3600, 86400, 30 * 86400})


@dataclass(frozen=True)
class Scale:
    """From the shortest to the longest time, from nothing to the largest amount."""

    shortest_s: float
    longest_s: float
    most: float

    def x(self, seconds: float) -> float:
        """The place of a time, in per cent of the width."""
        low, high = math.log(self.shortest_s), math.log(self.longest_s)
        at = (math.log(min(max(seconds, self.shortest_s), self.longest_s)) - low) / (high - low)
        return round(LEFT + at * (RIGHT - LEFT), 2)

    def y(self, amount: float) -> float:
        """The place of an amount, in pixels from the top."""
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(amount / self.most, 1.0), 1)


def scale(times: Sequence[float], amounts: Sequence[float]) -> Scale:
    """Given all times and amounts of a drawing, return the scale that holds them."""
    return Scale(min(60.0, *times), max(30 * 86400.0, *times), _round_up(max([1.0, *amounts])))


def _round_up(amount: float) -> float:
    step = 10.0 ** math.floor(math.log10(amount))
    return next(step * times for times in (1, 2, 3, 4, 5, 6, 8, 10) if step * times >= amount)


def axes(at: Scale) -> list[Node]:
    """Given a scale, return its grid and the numbers at it."""
    drawn: list[Node] = []
    for share in (0.0, 0.5, 1.0):
        y = at.y(at.most * share)
        drawn.append(line(LEFT, RIGHT, y, y, "grid"))
        drawn.append(text(LEFT - 1, y + 4, money(at.most * share), "tick", "end"))
    for seconds in _TICKS_S:
        if at.shortest_s <= seconds <= at.longest_s:
            rare = "" if seconds in _ALWAYS else " rare"
            drawn.append(line(at.x(seconds), at.x(seconds), TOP, HEIGHT - BOTTOM, "grid"))
            drawn.append(text(at.x(seconds), HEIGHT - BOTTOM + 18, duration(seconds).replace(".0", ""), "tick" + rare))
    return drawn


def line(x1: float, x2: float, y1: float, y2: float, kind: str) -> Element:
    """A line between two places: shares of the width, pixels of the height."""
    return element("line", x1=f"{x1}%", x2=f"{x2}%", y1=str(y1), y2=str(y2), class_=kind)


def text(x: float, y: float, said: str, kind: str, anchor: str = "middle") -> Element:
    """Letters at a place."""
    return element("text", said, x=f"{x}%", y=str(y), text_anchor=anchor, class_=kind)


def drawing(children: Sequence[Node], id_: str, title: str, told: str, height: int = HEIGHT) -> Element:
    """Given what is drawn, return it as a picture with its name and what it tells."""
    named = [element("title", title, id=f"{id_}-title"), element("desc", told, id=f"{id_}-told")]
    return element("svg", [*named, *children], width="100%", height=str(height), role="img",
                   aria_labelledby=f"{id_}-title {id_}-told")  # fmt: skip
