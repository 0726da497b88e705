# SPDX-License-Identifier: Apache-2.0
"""What a stop costs by how long it lasts, with what was declared as points and the longest bearable stop as a wall."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from bascule.analysis.phrases import money
from bascule.analysis.words import Say
from bascule.choice.page.scale import BOTTOM, HEIGHT, TOP, axes, drawing, line, scale, text
from bascule_runtime.page.tree import Element, Node, element
from bascule_runtime.text import duration

# Between two declared points the curve is straight in hours, so it bends on a scale of ratios.
_PIECES = 12


def impact(name: str, activity: Mapping[str, Any], say: Say) -> Element:
    """Given an activity of an analysis that has a curve, return its picture."""
    knots = [(float(x), float(y)) for x, y in activity["curve"]]
    wall_s = activity["need"]["mtpd"]["seconds"]
    at = scale([x for x, _ in knots if x > 0], [y for _, y in knots])
    drawn: list[Node] = [*axes(at)]
    for (x0, y0), (x1, y1) in pairwise(knots):
        begin = max(x0, at.shortest_s)
        steps = [begin * (x1 / begin) ** (step / _PIECES) for step in range(_PIECES + 1)]
        places = [(at.x(x), at.y(y0 + (y1 - y0) * (x - x0) / (x1 - x0))) for x in steps]
        drawn += [line(a, b, c, d, "curve") for (a, c), (b, d) in pairwise(places)]
    drawn += [element("circle", cx=f"{at.x(x)}%", cy=str(at.y(y)), r="4", class_="point") for x, y in knots if x > 0]
    wall = at.x(wall_s)
    drawn += [line(wall, wall, TOP, HEIGHT - BOTTOM, "wall"), text(wall, TOP - 4, say("page.wall"), "said")]
    told = "; ".join(f"{duration(x)}: {money(y)}" for x, y in knots if x > 0)
    return drawing(drawn, f"impact-{name}", say("page.impact_of", activity=name), told)
