# SPDX-License-Identifier: Apache-2.0
"""For each activity: need, target, predicted, measured, and why a figure is only a bound."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from bascule_runtime.page.parts import anchor, section, table, verdict
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element

Report = Mapping[str, Any]


def figures(say: Speech, report: Report) -> list[Optional[Element]]:
    """The section, or nothing where a driver measures no activities."""
    entries = report.get("activities") or []
    if not entries:
        return []
    told = element("p", say.word("page.figures_told"), class_="quiet")
    return [section(say, "figures", told, [_activity(say, report, entry) for entry in entries])]


def _activity(say: Speech, report: Report, entry: Mapping[str, Any]) -> Element:
    name = anchor("activity", entry["id"])
    head = element("h3", data(say.named(entry)), " ", verdict(say, entry["word"]), id=f"h-{name}")
    said = element("ul", [element("li", line) for line in _said(say, report, entry)], class_="told")
    events = anchor("events", f"activity.{entry['id']}")
    links = element("p", element("a", say.word("page.to_events"), href=f"#{events}"), class_="links")
    return element("section", head, element("div", _table(say, entry), element("div", said, links), class_="beside"),
                   id=name, class_="activity", aria_labelledby=f"h-{name}")


def _table(say: Speech, entry: Mapping[str, Any]) -> Element:
    need, target, predicted, measured = (entry[key] for key in ("need", "target", "predicted", "measured"))

    def row(key: str, note: str, time: Node, loss: Node) -> list[Node]:
        return [[say.word(key), " ", element("span", say.word(note), class_="note")], time, loss]

    def judged(limit: Optional[float], word: str) -> Node:
        return [say.duration(limit), element("br"), verdict(say, word)] if limit is not None else "–"

    words = entry["verdict"]
    rows = [
        row("page.need", "page.need_note", judged(need.get("mtpd_s"), words["mtpd"]),
            judged(need.get("pdma_s"), words["pdma"])),
        row("page.target", "page.target_note", judged(target.get("rto_s"), words["rto"]),
            judged(target.get("rpo_s"), words["rpo"])),
        row("page.predicted", "page.predicted_note", say.duration(predicted["rto_s"]),
            say.duration(predicted["rpo_s"])),
        row("page.measured", "page.measured_note",
            element("strong", say.bounded(measured["rta_s"], measured["rta_is"])),
            element("strong", say.bounded(measured["rpa_s"], measured["rpa_is"]))),
    ]
    head: list[Node] = [element("span", say.word("page.figure"), class_="unseen"), say.word("page.time_col"),
                        say.word("page.data_col")]
    caption = element("span", say.sentence("page.figures_of", name=data(say.named(entry))), class_="unseen")
    return table(caption, head, rows, class_="figures")


def _said(say: Speech, report: Report, entry: Mapping[str, Any]) -> list[Node]:
    """What stands beside the figures: when it began, what users saw, who answered, and why a figure is a bound."""
    measured = entry["measured"]
    lines: list[Node] = [_began(say, report, measured)] if measured["rta_s"] is not None else []
    if entry["outage"]:
        seen = entry["outage"]
        lines.append(say.sentence("page.seen" if seen["seconds"] is not None else "page.seen_open",
                                  time=say.duration(seen["seconds"]), begin=say.moment(seen["last_good"]),
                                  end=say.moment(seen["first_good"])))
    if measured["rpa_s"] is not None:
        worst = say.word("page.the_records") if measured["rpa_of"] == "records" else data(measured["rpa_of"] or "–")
        lines.append(say.sentence("page.worst", system=worst))
    kept = entry["acknowledged"]
    if kept["asked"]:
        lost = say.word("unknown") if kept["lost"] is None else str(kept["lost"])
        lines.append([*say.colon(say.word("acknowledged")), lost, f" {say.word('of')} {kept['asked']}"])
    if entry["who"]:
        lines.append([*say.colon(say.word("page.answered_by")), data(entry["who"])])
    lines += [say.sentence(f"page.why_{kind}") for kind in (measured["rta_is"], measured["rpa_is"])
              if kind in ("at_least", "at_most")]
    return [*lines, *(say.english(text) for text in [*entry["why"], kept["reason"]] if text)]


def _began(say: Speech, report: Report, measured: Mapping[str, Any]) -> Node:
    source = measured["disruption_from"]
    when = measured["disruption_at"] or report["run"]["started"]
    return say.sentence(f"page.from_{source or 'start'}", begin=say.moment(when), end=say.moment(measured["usable_at"]))


