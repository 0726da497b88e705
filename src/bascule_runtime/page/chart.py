# SPDX-License-Identifier: Apache-2.0
"""The time line as a drawing: a bar for each unit and stage, as wide as the page, in letters that stay readable.

Places along the line are shares of the width and letters are set in pixels, so nothing shrinks on a small screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Sequence

from bascule_runtime.page.parts import anchor
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, element, flat

ROW, HEAD, LABEL = 42, 26, 34
# Kinds of bars that are drawn whole; the others (stopping, copies …) are thin.
MAIN = ("serve", "part")
# More rows than these say less; the table below the drawing has all units.
MOST = 40
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800,
         604800, 2592000)


@dataclass(frozen=True)
class Bar:
    """From `began` to `ended` (epochs); `kind` is a stage, or `part` (of the run)."""

    label: str
    kind: str
    began: float
    ended: float


@dataclass(frozen=True)
class Row:
    """A line of the drawing: its label, its bars, where it leads, and whether it decided how long all took."""

    name: str
    label: str
    href: str
    bars: Sequence[Bar]
    deciding: bool = False
    after: Optional[str] = None

    @property
    def main(self) -> Bar:
        """The bar that the row is about: the recovery itself, where there was one."""
        longest = max(self.bars, key=lambda bar: bar.ended - bar.began)
        return next((bar for bar in self.bars if bar.kind in MAIN), longest)


@dataclass(frozen=True)
class Scale:
    """What lies between the left and the right edge of the drawing."""

    begin: float
    end: float

    def at(self, when: float) -> float:
        """The share of the width at which `when` lies, in per cent."""
        return round(100 * min(1.0, max(0.0, (when - self.begin) / (self.end - self.begin or 1.0))), 2)

    def ticks(self) -> list[float]:
        """Round numbers of seconds from the beginning, at most five."""
        length = self.end - self.begin
        step = next((step for step in STEPS if length / step <= 5), length or 1.0)
        return [index * step for index in range(int(length / step) + 1)]


def chart(say: Speech, rows: Sequence[Row], marks: Mapping[str, float], title: str, told: str) -> Element:
    """The drawing; `marks` are moments with their labels, such as when users could work again."""
    bars = [bar for row in rows for bar in row.bars]
    scale = Scale(min(bar.began for bar in bars), max(bar.ended for bar in bars))
    height = HEAD + ROW * len(rows) + 4
    inner: list[Node] = [element("title", title, id="chart-title"), element("desc", told, id="chart-told"),
                         _grid(say, scale, height), _marks(scale, marks, height), _links(rows, scale)]
    inner += [_row(say, row, scale, HEAD + ROW * index) for index, row in enumerate(rows)]
    return element("svg", inner, class_="chart", width="100%", height=str(height), role="group",
                   aria_labelledby="chart-title chart-told")


def _grid(say: Speech, scale: Scale, height: int) -> Element:
    lines: list[Node] = []
    for tick in scale.ticks():
        share = scale.at(scale.begin + tick)
        lines.append(element("line", x1=f"{share}%", x2=f"{share}%", y1="20", y2=str(height), class_="grid"))
        at_end = "end" if share > 90 else "start" if share < 5 else "middle"
        label = "0" if not tick else say.duration(tick if tick != round(tick) else round(tick)).replace(".0", "")
        lines.append(element("text", label.replace(",0", ""), x=f"{share}%", y="13", text_anchor=at_end, class_="tick"))
    return element("g", lines, aria_hidden="true")


def _marks(scale: Scale, marks: Mapping[str, float], height: int) -> Element:
    lines = [element("line", element("title", flat(name)), x1=f"{scale.at(at)}%", x2=f"{scale.at(at)}%", y1="20",
                     y2=str(height), class_="mark") for name, at in marks.items()]
    return element("g", lines, aria_hidden="true")


def _links(rows: Sequence[Row], scale: Scale) -> Element:
    """From the end of each deciding unit to the one that waited for it."""
    places = {row.name: index for index, row in enumerate(rows)}
    lines: list[Node] = []
    for row in rows:
        if row.deciding and row.after in places:
            here, there = places[row.name], places[str(row.after)]
            share = f"{scale.at(rows[there].main.ended)}%"
            top, low = sorted((HEAD + ROW * there + 27, HEAD + ROW * here + 27))
            lines.append(element("line", x1=share, x2=share, y1=str(top), y2=str(low), class_="chain"))
    return element("g", lines, aria_hidden="true")


def _row(say: Speech, row: Row, scale: Scale, top: int) -> Element:
    said = ", ".join(f"{bar.label} {say.duration(bar.ended - bar.began)}" for bar in row.bars)
    name = flat(row.label)
    label = f"{'◆ ' if row.deciding else ''}{name if len(name) <= LABEL else name[:LABEL - 1] + '…'}"
    took = say.duration(row.main.ended - row.main.began)
    drawn: list[Node] = [
        element("rect", x="0", y=str(top), width="100%", height=str(ROW - 4), class_="hit"),
        element("text", label, x="0", y=str(top + 15), class_="label deciding" if row.deciding else "label"),
        element("text", took, x="100%", y=str(top + 15), text_anchor="end", class_="span")]
    for bar in row.bars:
        left, right = scale.at(bar.began), scale.at(bar.ended)
        kind = "whole" if bar.kind in MAIN else "thin"
        drawn.append(element(
            "rect", element("title", f"{bar.label} {say.duration(bar.ended - bar.began)}"), x=f"{left}%",
            y=str(top + (21 if kind == "whole" else 24)), width=f"{max(0.5, round(right - left, 2))}%",
            height="12" if kind == "whole" else "6", rx="2", class_=f"bar {kind}{' deciding' if row.deciding else ''}"))
    decides = f" ({say.word('page.decides')})" if row.deciding else ""
    return element("a", drawn, href=row.href, id=anchor("bar", row.name),
                   aria_label=f"{name}{decides}: {said}")
