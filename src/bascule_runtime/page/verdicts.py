# SPDX-License-Identifier: Apache-2.0
"""The first table: for each activity (or system, or check) what a director must know."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional

from bascule_runtime.page.parts import anchor, section, table, tone, verdict
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element

Report = Mapping[str, Any]
_WORST_FIRST = ("bad", "open", "good")


def verdicts(say: Speech, report: Report) -> list[Optional[Element]]:
    """The tables that the report's driver has something for, and what is missing in words."""
    parts = [part(say, report) for key, part in PARTS if report.get(key)]
    return [section(say, "verdicts", parts, _problems(say, report))] if parts or report["problems"] else []


def _figure(value: Node, note: Node) -> Element:
    return element("span", element("span", value, class_="figure"), element("span", note, class_="note"), class_="cell")


def _activities(say: Speech, report: Report) -> Element:
    entries = sorted(report["activities"], key=lambda entry: _WORST_FIRST.index(_tone(entry)))
    head = [say.word("activity"), say.word("page.now"), say.word("page.out_for"), say.word("page.lost"),
            say.word("page.records")]
    rows = [[_who(say, entry), verdict(say, entry["word"]), _out(say, report, entry), _lost(say, report, entry),
             _records(say, entry)] for entry in entries]
    return table(say.word("page.verdicts_caption"), head, rows, class_="stack verdicts")


def _tone(entry: Mapping[str, Any]) -> str:
    tones = [tone(entry["word"]), *(tone(entry["verdict"][key]) for key in ("rto", "rpo"))]
    return min(tones, key=_WORST_FIRST.index)


def _who(say: Speech, entry: Mapping[str, Any]) -> Node:
    name = element("a", data(say.named(entry)), href=f"#{anchor('activity', entry['id'])}")
    owner = element("span", say.colon(say.word("page.owner")), data(entry["owner"]), class_="note")
    return element("span", name, owner if entry.get("owner") else None, class_="cell")


def _promise(say: Speech, limit: Optional[float], word: str) -> Node:
    if limit is None:
        return say.word("page.no_promise")
    return element("span", element("span", say.sentence("page.promised", time=say.duration(limit))), verdict(say, word),
                   class_="promise")


def _out(say: Speech, report: Report, entry: Mapping[str, Any]) -> Element:
    measured, limit = entry["measured"], entry["target"].get("rto_s")
    if report["run"]["check"]:
        return _figure(say.duration(entry["predicted"]["rto_s"]), say.word("page.only_predicted"))
    if measured["rta_s"] is not None:
        value: Node = say.bounded(measured["rta_s"], measured["rta_is"])
    elif entry["word"] == "data_correct":
        value = say.word("unknown")
    else:
        since = measured["disruption_at"] or report["run"]["started"]
        waited = say.bounded(report["run"]["last_event"] - since, "at_least")
        value = say.sentence("page.still_out", time=waited)
    return _figure(value, _promise(say, limit, entry["verdict"]["rto"]))


def _lost(say: Speech, report: Report, entry: Mapping[str, Any]) -> Element:
    measured = entry["measured"]
    if report["run"]["check"]:
        return _figure(say.duration(entry["predicted"]["rpo_s"]), say.word("page.only_predicted"))
    value = say.word("unknown") if measured["rpa_s"] is None else say.bounded(measured["rpa_s"], measured["rpa_is"])
    return _figure(value, _promise(say, entry["target"].get("rpo_s"), entry["verdict"]["rpo"]))


def _records(say: Speech, entry: Mapping[str, Any]) -> Node:
    kept = entry["acknowledged"]
    if not kept["asked"]:
        return element("span", say.word("page.not_looked"), class_="note")
    lost = say.word("unknown") if kept["lost"] is None else str(kept["lost"])
    return _figure(lost, say.counted("page.of_records", kept["asked"]))


def _outlook(say: Speech, report: Report) -> Element:
    def keeps(entry: Mapping[str, Any], key: str) -> Node:
        return _promise(say, entry["target"].get(f"{key}_s"), "kept" if entry[f"keeps_{key}"] else "missed")

    def why(entry: Mapping[str, Any]) -> Node:
        since = entry["unprotected_since"]
        said = [element("li", say.colon(say.word("unprotected_since")), say.moment(since))] if since else []
        return element("ul", said, [element("li", say.english(text)) for text in entry["why"]], class_="plain")

    rows = [[element("span", data(say.named(entry)), class_="cell"),
             _figure(say.duration(entry["predicted_rto_s"]), keeps(entry, "rto")),
             _figure(say.duration(entry["age_s"]), keeps(entry, "rpo")),
             why(entry) if entry["why"] or entry["unprotected_since"] else "–"] for entry in report["outlook"]]
    head = [say.word("activity"), say.word("would_take"), say.word("would_lose"), say.word("page.why")]
    return table(say.word("would"), head, rows, class_="stack verdicts")


def _systems(say: Speech, report: Report) -> Element:
    def state(entry: Mapping[str, Any]) -> Node:
        if not entry["keeps_data"]:
            return verdict(say, "no_data", "open")
        return verdict(say, "page.protected" if entry["protected"] else "page.bare",
                       "good" if entry["protected"] else "bad")

    def points(entry: Mapping[str, Any]) -> Node:
        if not entry["keeps_data"]:
            return "–"
        return [str(len(entry["points"])), element("ul", [
            element("li", say.moment(point.get("at")), " ", data(point.get("id")), " ", data(point.get("by") or ""))
            for point in entry["points"][:5]], class_="plain note")]

    rows = [[data(entry["id"]), state(entry), say.moment(entry["newest_at"]) if entry["keeps_data"] else "–",
             say.duration(entry["age_s"] if entry["keeps_data"] else None), points(entry),
             [[say.english(text), element("br")] for text in entry["problems"]] or "–"]
            for entry in report["systems"]]
    head = [say.word(key) for key in ("system", "result", "newest", "age", "points", "page.why")]
    return table(say.word("page.copies"), head, rows)


def _controllers(say: Speech, report: Report) -> Element:
    rows = [[data(entry["id"]), [[say.english(text), element("br")] for text in entry["problems"]]
             or verdict(say, "ready", "good")] for entry in report["controllers"]]
    return table(say.word("controllers"), [say.word("page.controller"), say.word("result")], rows)


def _left(say: Speech, report: Report) -> Element:
    rows = [[data(entry["what"]), data(entry["machine"]), [data(", ".join(entry["left"]))] if entry["left"]
             else verdict(say, "nothing_left", "good")] for entry in report["left"]]
    return table(say.word("left"), [say.word("page.what"), say.word("page.machine"), say.word("left")], rows)


def _verification(say: Speech, report: Report) -> Element:
    counts = report["verification"]
    rows = [[say.word(key), str(counts[key])] for key in ("tests", "passed", "failed", "skipped")]
    return table(say.word("tests"), [say.word("tests"), say.word("page.count")], rows)


PARTS: tuple[tuple[str, Callable[[Speech, Report], Element]], ...] = (
    ("activities", _activities), ("outlook", _outlook), ("systems", _systems), ("controllers", _controllers),
    ("left", _left), ("verification", _verification))


def _problems(say: Speech, report: Report) -> Optional[Node]:
    # What is wrong with activities is in their table, in the reader's language.
    if not report["problems"] or report["refused"] is not None or "activities" in report:
        return None
    return [element("h3", say.word("problems")),
            element("ul", [element("li", say.english(text)) for text in report["problems"]])]
