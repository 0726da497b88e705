# SPDX-License-Identifier: Apache-2.0
"""What depends on what: activities, systems, machines, sites, in columns; what can stop an activity with one other
thing has a double edge, what does so alone a thick one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bascule.analysis.phrases import node
from bascule.analysis.words import Say
from bascule_runtime.page.tree import Element, Node, element
from bascule_runtime.text import duration

_WIDTH, _COLUMN, _ROW, _BOX_W, _BOX_H = 900, 230, 46, 190, 34
# In the order of the columns; what is of no kind here is told in words below the drawing.
_KINDS = (("activity",), ("system",), ("machine", "bucket"), ("host", "storage", "power", "network", "link", "site"))
_LETTERS = 23


@dataclass(frozen=True)
class Box:
    """A node of the drawing: where it is, what it says, and how fragile it is."""

    x: float
    y: float
    said: str
    below: str
    mark: str


def dependency_map(analysis: Mapping[str, Any], say: Say) -> Element:
    """Given an analysis, return the map of its graph at both sides."""
    boxes = _boxes(analysis, say)
    rows = max(box.y for box in boxes.values()) + _ROW
    lines: list[Node] = []
    for name, box in boxes.items():
        for other in _drawn_needs(analysis["graph"], name):
            if other in boxes and boxes[other].x > box.x:
                to = boxes[other]
                lines.append(element("line", x1=str(box.x + _BOX_W), y1=str(box.y + _BOX_H / 2), x2=str(to.x),
                                     y2=str(to.y + _BOX_H / 2), class_="edge"))  # fmt: skip
    drawn = [piece for box in boxes.values() for piece in _drawn(box)]
    told = element("desc", say("page.map_how"), id="map-told")
    title = element("title", say("page.map"), id="map-title")
    return element("svg", title, told, lines, drawn, width=str(_WIDTH), height=str(int(rows)), role="img",
                   aria_labelledby="map-title map-told")  # fmt: skip


def _needs(found: Mapping[str, Any]) -> list[str]:
    return [*found["needs"], *(one for group in found["needs_any"] for one in group["of"])]


def _drawn_needs(graph: Mapping[str, Any], name: str) -> list[str]:
    """Return what a box leads to; an activity, drawn once, to what it needs at both sides."""
    needs = _needs(graph[name])
    return [one for other in needs for one in (_needs(graph[other]) if other.startswith("activity:") else [other])]


def _boxes(analysis: Mapping[str, Any], say: Say) -> dict[str, Box]:
    due = {basket["id"]: basket["by_s"] for basket in analysis["baskets"]}
    alone = {one for activity in analysis["activities"].values() for one in activity["single_points"]}
    paired = {one for activity in analysis["activities"].values() for few in activity["cut_sets"] if len(few) == 2
              for one in few}  # fmt: skip
    reached = _reached(analysis["graph"], [f"activity:{name}" for name in analysis["activities"]])
    boxes: dict[str, Box] = {}
    for column, kinds in enumerate(_KINDS):
        names = [
            name for name in analysis["graph"] if name in reached and _kind(name, analysis) in kinds and _shown(name)
        ]
        for row, name in enumerate(names):
            mark = "alone" if name in alone else "paired" if name in paired else ""
            below = say("page.due", by=duration(due[name])) if name in due else ""
            boxes[name] = Box(5 + column * _COLUMN, 5 + row * _ROW, _cut(node(name, say)), below, mark)
    return boxes


def _kind(name: str, analysis: Mapping[str, Any]) -> str:
    kind = name.partition(":")[0]
    return str(analysis["graph"][name]["kind"]) if kind == "resource" else kind


def _shown(name: str) -> bool:
    # An activity is drawn once; its two sides are those of its systems.
    return not name.startswith("activity:") or "@" not in name


def _reached(graph: Mapping[str, Any], tops: list[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(tops)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _needs(graph[name])
    return found


def _cut(said: str) -> str:
    return said if len(said) <= _LETTERS else said[: _LETTERS - 1] + "…"


def _drawn(box: Box) -> list[Node]:
    middle = box.x + 8
    pieces: list[Node] = [element("rect", x=str(box.x), y=str(box.y), width=str(_BOX_W), height=str(_BOX_H), rx="3",
                                  class_=f"box {box.mark}".strip())]  # fmt: skip
    if box.mark == "paired":
        pieces.append(element("rect", x=str(box.x + 3), y=str(box.y + 3), width=str(_BOX_W - 6), height=str(_BOX_H - 6),
                              rx="2", class_="inner"))  # fmt: skip
    pieces.append(element("text", box.said, x=str(middle), y=str(box.y + (15 if box.below else 22)), class_="name"))
    if box.below:
        pieces.append(element("text", box.below, x=str(middle), y=str(box.y + 28), class_="due"))
    return pieces
