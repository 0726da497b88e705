# SPDX-License-Identifier: Apache-2.0
"""What happened, unit by unit: each bar of the drawing leads here, and each heading leads back to its bar."""

from __future__ import annotations

import json
from typing import Any, Mapping, Sequence

from bascule_runtime import trail
from bascule_runtime.page.parts import activity_names, anchor, done, section, table, unit_name
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element

Report = Mapping[str, Any]
Event = Mapping[str, Any]
# Evidence longer than this is read in the journal, at the line that is named.
LONGEST = 300


def follow(say: Speech, report: Report, events: Sequence[Event]) -> list[Element]:
    """The section: the run itself first, then every unit in the order of the plan."""
    names, begun = activity_names(say, report), {stage["unit"] for stage in report["stages"]}
    found: dict[str, list[Event]] = {trail.RUN: []}
    for unit in report["units"]:
        found[unit["id"]] = []
    for event in events:
        found.setdefault(str(event["about"]), []).append(event)
    told = element("p", say.sentence("page.events_told", n=str(report["sources"].get("events", len(events)))),
                   class_="quiet")
    parts = [_one(say, report, about, entries, names, about in begun) for about, entries in found.items()
             if entries or about in begun]
    return [section(say, "events", told, parts)]


def _one(say: Speech, report: Report, about: str, events: Sequence[Event], names: Mapping[str, str], drawn: bool
         ) -> Element:
    name = anchor("events", about)
    title = say.word("page.whole_run") if about == trail.RUN else unit_name(say, about, names)
    word = next((unit["word"] for unit in report["units"] if unit["id"] == about), None)
    head = element("h3", title, [" ", done(say, word)] if word else None, id=f"h-{name}")
    back = element("a", "↑ ", say.word("page.to_bar"), href=f"#{anchor('span', about)}") if drawn else None
    activity = about.partition(".")[2] if about.startswith("activity.") and "activities" in report else ""
    figures = f"#{anchor('activity', activity)}"
    more = element("a", "↑ ", say.word("page.to_figures"), href=figures) if activity else None
    start = float(report["run"]["started"])
    rows = [_row(say, event, start) for event in events]
    caption = element("span", say.word("page.events_of"), " ", title, class_="unseen")
    body = table(caption, [say.word(key) for key in ("page.when", "page.what", "result", "page.details")], rows,
                 class_="stack events") if rows else element("p", say.word("page.no_events"), class_="quiet")
    links = element("p", back, "  " if back and more else None, more, class_="links") if back or more else None
    return element("section", head, links, body, id=name, class_="unit", aria_labelledby=f"h-{name}")


def _row(say: Speech, event: Event, start: float) -> list[Node]:
    offset = float(event.get("began") or event["t"]) - start
    when = element("span", f"{'−' if offset < 0 else '+'} {say.duration(abs(offset))}", element(
        "span", f"{say.clock(float(event.get('began') or event['t']))}", class_="note"), class_="cell")
    return [when, _what(say, event), _result(say, event), _details(say, event)]


def _what(say: Speech, event: Event) -> Node:
    kind = event["kind"]
    if kind == "task":
        where = event.get("machine")
        return [say.english(event["name"]), element("span", f" {say.word('page.on')} ", data(where), class_="note")
                if where else None]
    if kind == "unit":
        key = f"stage.{event['stage']}"
        if event["stage"] == "serve":
            key = f"stage.serve_{event['about'].partition('.')[0]}"
        return [*say.colon(say.word("page.stage_ended")), say.word(key) if say.known(key) else data(event["stage"])]
    if kind == "note":
        return [*say.colon(say.word("page.note")), data(event["name"])]
    if kind == "phase":
        return element("strong", say.english(event["name"]))
    return say.word(f"event.{kind}") if say.known(f"event.{kind}") else data(kind)


def _result(say: Speech, event: Event) -> Node:
    word = event.get("word") or {"failed": "failed", "unreachable": "unreachable"}.get(str(event.get("state")))
    if event["kind"] == "unit":
        word = str(event["state"])
    if event["kind"] == "task" and not word:
        word = "done"
    if not word:
        return "–"
    # Some stages end with words of their own.
    return done(say, word) if say.known(word) else data(word)


def _details(say: Speech, event: Event) -> Node:
    said: list[Node] = []
    if event.get("msg"):
        said.append(element("p", say.english(event["msg"])))
    if event.get("evidence"):
        shown = json.dumps(event["evidence"], ensure_ascii=False, sort_keys=True)
        shown = shown if len(shown) <= LONGEST else shown[:LONGEST] + " …"
        said.append(element("code", data(shown)))
    took = say.duration(event.get("seconds")) if event["kind"] == "task" else None
    line = say.sentence("page.line", n=str(event["line"]))
    return [*said, element("span", [took, " · "] if took else None, line, class_="note")]
