# SPDX-License-Identifier: Apache-2.0
"""Which recovery points were used, what each cost, which acknowledged records are gone, what came home."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from bascule_runtime.page.parts import activity_names, section, table
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element
from bascule_runtime.places import size

Report = Mapping[str, Any]


def losses(say: Speech, report: Report) -> list[Optional[Element]]:
    """The section, or nothing where nothing was recovered."""
    parts = [_points(say, report), _records(say, report), _brought(say, report)]
    return [section(say, "points", *parts)] if any(part is not None for part in parts) else []


def _points(say: Speech, report: Report) -> Optional[Element]:
    rows = [[data(entry["id"]), _point(say, entry["point"]), _moment(say, entry),
             say.bounded(entry["loss_s"], entry["loss_is"]), _how(say, entry)] for entry in report["recovered"]]
    if not rows:
        return None
    head = ("system", "page.used_point", "page.data_from", "page.lost", "page.how")
    return table(say.word("page.points_caption"), [say.word(key) for key in head], rows)


def _brought(say: Speech, report: Report) -> Optional[Element]:
    rows: list[list[Node]] = [
        [data(entry["id"]), *(size(entry[key]) for key in ("bytes", "final_bytes", "whole_bytes"))]
        for entry in report.get("brought_home", ())]
    head = ("system", "received", "while_held", "whole")
    return table(say.word("brought_home"), [say.word(key) for key in head], rows) if rows else None


def _point(say: Speech, point: Optional[Mapping[str, Any]]) -> Node:
    if not point:
        return "–"
    by = element("span", data(point["by"]), class_="note") if point.get("by") else None
    return element("span", data(point.get("id") or "–"), by, class_="cell")


def _moment(say: Speech, entry: Mapping[str, Any]) -> Node:
    if entry["at"] is None:
        return say.word("unknown")
    return element("span", say.moment(entry["at"]),
                   element("span", say.word(f"page.known_by_{entry['is']}"), class_="note"), class_="cell")


def _how(say: Speech, entry: Mapping[str, Any]) -> Node:
    parts = [f"{name} {say.duration(seconds)}" for name, seconds in entry["durations_s"].items()]
    return element("span", data(entry["strategy"] or "–"), element("span", ", ".join(parts), class_="note")
                   if parts else None, element("span", say.english(entry["why"]), class_="note")
                   if entry["why"] else None, class_="cell")


def _records(say: Speech, report: Report) -> Optional[Element]:
    names, rows = activity_names(say, report), []
    for entry in report.get("activities", ()):
        kept = entry["acknowledged"]
        if kept["asked"]:
            found = [say.word("unknown") if kept[key] is None else str(kept[key]) for key in ("held", "lost")]
            rows.append([data(names[entry["id"]]), str(kept["asked"]), *found, say.moment(kept["lost_from"])])
    if not rows:
        return None
    head = ("activity", "page.asked_after", "page.still_held", "page.lost", "page.first_lost")
    return table(say.word("page.records_caption"), [say.word(key) for key in head], rows)
