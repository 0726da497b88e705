# SPDX-License-Identifier: Apache-2.0
"""The price of minutes: yearly cost against recovery time, the chosen point, the promise, and the need as a wall."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from bascule.analysis.phrases import money
from bascule.analysis.words import Say
from bascule.choice.page.scale import BOTTOM, HEIGHT, RIGHT, TOP, axes, drawing, line, scale, text
from bascule_runtime.page.tree import Element, Node, element
from bascule_runtime.text import duration

# Slanted lines of the wall, in pixels from one to the next.
_HATCH = 9
# Letters further right would leave the picture.
_LABEL_AT_MOST = 70


def minutes(name: str, activity: Mapping[str, Any], options: Mapping[str, Any], say: Say) -> Element:
    """Given an activity with its points, return the picture; the slower, the further right."""
    points = [(point["lasts_s"], point["outlay"]) for point in activity["points"]]
    chosen, wall_s = activity["chosen"], activity["need"]["mtpd_s"]
    at = scale([x for x, _ in points], [*(y for _, y in points), chosen["outlay"]])
    drawn: list[Node] = [*axes(at), *_wall(at.x(wall_s), say)]
    promise = at.x(activity["target"]["rto_s"])
    drawn += [line(promise, promise, TOP, HEIGHT - BOTTOM, "promise"),
              text(promise, TOP - 4, say("page.promised"), "said")]  # fmt: skip
    # A step: what is back sooner costs more, and what is slower than a point costs as much as that point.
    for (slow, low), (quick, high) in pairwise(points):
        drawn += [line(at.x(quick), at.x(slow), at.y(high), at.y(high), "curve"),
                  line(at.x(slow), at.x(slow), at.y(high), at.y(low), "curve thin")]  # fmt: skip
    drawn.append(line(at.x(points[0][0]), RIGHT, at.y(points[0][1]), at.y(points[0][1]), "curve"))
    drawn += [element("circle", cx=f"{at.x(x)}%", cy=str(at.y(y)), r="4", class_="point") for x, y in points]
    here = (at.x(chosen["lasts_s"]), at.y(chosen["outlay"]))
    drawn.append(element("circle", cx=f"{here[0]}%", cy=str(here[1]), r="8", class_="chosen"))
    label = say("page.chosen", outlay=money(chosen["outlay"]))
    drawn.append(text(min(here[0] + 2, _LABEL_AT_MOST), here[1] - 12, label, "said strong", "start"))
    told = "; ".join(f"{duration(x)}: {money(y)} {options['policy']['currency']}" for x, y in points)
    return drawing(drawn, f"minutes-{name}", say("page.minutes_of", activity=name), told)


def _wall(x: float, say: Say) -> list[Node]:
    """What cannot be borne any more: everything right of the wall, hatched, so that no colour is needed to see it."""
    shown: list[Node] = [line(x, x, TOP, HEIGHT - BOTTOM, "wall")]
    shown += [line(x, RIGHT, y, y, "hatch") for y in range(TOP + _HATCH, HEIGHT - BOTTOM, _HATCH)]
    shown.append(text(min(x + 1, 99), HEIGHT - 2, say("page.wall"), "said", "end" if x > 60 else "start"))
    return shown
