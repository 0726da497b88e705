# SPDX-License-Identifier: Apache-2.0
"""A report as text for people, at most 100 columns wide, in French or English."""

from __future__ import annotations

import json
import textwrap
import time
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence

from bascule_runtime import places

WIDTH = 100
CLOCK_FLOOR_S = 1.0  # what cannot be told from the way that a question takes
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
Report = Mapping[str, Any]
Say = Callable[[str], str]


@lru_cache(maxsize=1)
def _glossary() -> dict[str, dict[str, str]]:
    return dict(json.loads(Path(__file__).with_name("glossary.json").read_text(encoding="utf-8")))


def labels(language: str) -> Say:
    """A function from a word's identifier to its label in `language` (`fr`, else English)."""
    return lambda word: _glossary()[word]["fr" if language == "fr" else "en"]


def has_label(word: str) -> bool:
    """Whether the glossary knows `word`."""
    return word in _glossary()


def duration(seconds: Optional[float]) -> str:
    """`0.4 s`, `35 s`, `4 min 05 s`, `2 h 10 min`, `3 d 04 h`; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, below, lower in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {unit} {rest:02d} {lower}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def moment(when: Optional[float]) -> str:
    """Local date and time of an epoch, a dash for None."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when)) if when else "–"


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    wide = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
    return wide - sum(1 for sign in text if unicodedata.combining(sign))


def visible(text: str) -> str:
    """`text` with what would steer a terminal, or turn the direction of writing, shown as \\xNN or \\uNNNN."""
    return "".join(sign if unicodedata.category(sign) != "Cc" and sign not in _TURNING
                   else sign.encode("ascii", "backslashreplace").decode() if ord(sign) > 127 else f"\\x{ord(sign):02x}"
                   for sign in text)


def _cut(text: str, width: int) -> str:
    while columns(text) > width:
        text = text[:-2] + "…"
    return text


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows, the first of them the head, as aligned lines no wider than the page; the first column gives way."""
    widths = [max(columns(row[index]) for row in rows) for index in range(len(rows[0]))]
    widths[0] = max(8, min(widths[0], WIDTH - sum(widths[1:]) - 2 * (len(widths) - 1)))
    lines = []
    for row in rows:
        cells = [_cut(cell, width) for cell, width in zip(row, widths)]
        cells = [cell + " " * (width - columns(cell)) for cell, width in zip(cells, widths)]
        lines.append("  ".join(cells).rstrip()[:WIDTH])
    return [lines[0], "  ".join("─" * width for width in widths)[:WIDTH], *lines[1:]]


def _paragraph(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ") or [indent]


def named(entry: Mapping[str, Any], language: str) -> str:
    """The name of something in `language`, else in any other, else its identity."""
    names = entry.get("name") or {}
    return str(names.get(language) or next(iter(names.values()), entry.get("id", "")))


def _bounded(say: Say, seconds: Optional[float], kind: Optional[str]) -> str:
    bound = f"{say(kind)} " if kind in ("at_least", "at_most", "doubtful") else ""
    return bound + duration(seconds)


def _activities(report: Report, say: Say, language: str) -> list[str]:
    rows = [[say("activity"), say("result"), say("rto"), say("rta"), "", say("rpo"), say("rpa"), ""]]
    for entry in report["activities"]:
        measured, verdict, target = entry["measured"], entry["verdict"], entry["target"]
        rows.append([named(entry, language), say(entry["word"]), duration(target.get("rto_s")),
                     _bounded(say, measured["rta_s"], measured["rta_is"]), say(verdict["rto"]),
                     duration(target.get("rpo_s")), _bounded(say, measured["rpa_s"], measured["rpa_is"]),
                     say(verdict["rpo"])])
    lines = table(rows)
    for entry in report["activities"]:
        lines += ["", f"{named(entry, language)} ({entry['id']})", *_details(entry, say)]
    return lines


def _details(entry: Mapping[str, Any], say: Say) -> list[str]:
    need, predicted, verdict = entry["need"], entry["predicted"], entry["verdict"]
    lines = [f"  {say('need')}: {say('mtpd')} {duration(need.get('mtpd_s'))} ({say(verdict['mtpd'])}), "
             f"{say('pdma')} {duration(need.get('pdma_s'))} ({say(verdict['pdma'])}); "
             f"{say('predicted')}: {duration(predicted['rto_s'])}, {duration(predicted['rpo_s'])}"]
    outage, kept = entry["outage"], entry["acknowledged"]
    if outage:
        lines.append(f"  {say('outage')}: {duration(outage['seconds'])} ({moment(outage['last_good'])} – "
                     f"{moment(outage['first_good'])})")
    if kept["asked"]:
        lost = say("unknown") if kept["lost"] is None else str(kept["lost"])
        lines.append(f"  {say('acknowledged')}: {lost} {say('of')} {kept['asked']}")
    for text in [*entry["why"], *([kept["reason"]] if kept["reason"] else [])]:
        lines += _paragraph(text)
    return lines


def _timeline(report: Report, say: Say, _language: str) -> list[str]:
    lines = [f"  {moment(part['began'])}  {say(part['part']):<12} {duration(part['seconds'])}"
             for part in report["timeline"]]
    lines = ["", say("timeline"), *lines] if lines else []
    path = [f"{entry['unit']} {duration(entry['seconds'])}" for entry in report["critical_path"]]
    return lines + ([f"{say('critical_path')}:", *_paragraph(" → ".join(path))] if path else [])


def _systems(report: Report, say: Say, _language: str) -> list[str]:
    rows = [[say("system"), say("newest"), say("age"), say("points")]]
    rows += [[entry["id"], moment(entry["newest_at"]) if entry["keeps_data"] else say("no_data"),
              duration(entry["age_s"]), str(len(entry["points"])) if entry["keeps_data"] else "–"]
             for entry in report["systems"]]
    lines = ["", *table(rows)]
    for entry in report["systems"]:
        lines += [_cut(f"    {entry['id']}  {moment(point.get('at'))}  {point.get('id')}  {point.get('by', '')}", WIDTH)
                  for point in entry["points"][:5]]
    return lines + _places(report, say)


def _places(report: Report, say: Say) -> list[str]:
    rows = [[id_, f"{place['place']} ({say('at_' + place['at'])})", moment(place["newest_at"]),
             duration(place["age_s"]), places.size(place["bytes"])] for id_, place in places.several(report)]
    lines = ["", *table([[say("places"), "", say("newest"), say("age"), say("size")], *rows])] if rows else []
    for entry in (entry for entry in report["systems"] if entry.get("unprotected_since")):
        lines += _paragraph(f"{entry['id']}: {say('unprotected_since').lower()} {moment(entry['unprotected_since'])}")
    return lines


def _outlook(report: Report, say: Say, language: str) -> list[str]:
    rows = [[say("would"), say("would_take"), say("rto"), "", say("would_lose"), say("rpo"), ""]]
    for entry in report["outlook"]:
        kept = [say("kept" if entry[key] else "missed") for key in ("keeps_rto", "keeps_rpo")]
        target = entry["target"]
        rows.append([named(entry, language), duration(entry["predicted_rto_s"]), duration(target.get("rto_s")), kept[0],
                     duration(entry["age_s"]), duration(target.get("rpo_s")), kept[1]])
    lines = table(rows)
    for entry in report["outlook"]:
        if entry["unprotected_since"]:
            lines.append(f"  {entry['id']}: {say('unprotected_since')} {moment(entry['unprotected_since'])}")
        for text in entry["why"]:
            lines += _paragraph(text)
    return lines


def _controllers(report: Report, say: Say, _language: str) -> list[str]:
    lines = []
    for entry in report["controllers"]:
        lines += _paragraph(f"{entry['id']}: {'; '.join(entry['problems']) or say('ready')}")
    return ["", f"{say('controllers')}:", *lines] if lines else []


def _drift(report: Report, say: Say, language: str) -> list[str]:
    """By level, worst first: what differs, whom it hits, what it would do, what to do."""
    drift = report["drift"]
    if not drift["compared"]:
        return []
    lines = ["", f"{say('drift')}:"]
    old = sorted({(entry["source"], moment(entry["at"])) for entry in drift["compared"] if entry["kept"]})
    lines += [line for source, at in old for line in _paragraph(f"{source}: {say('drift_kept')}, {at}")]
    for entry in drift["findings"]:
        says = entry["says"]["fr" if language == "fr" else "en"]
        whom = ", ".join(entry["activities"]) or ", ".join(entry["systems"])
        lines += _paragraph(f"{say(entry['level'])} · {whom}: {says['what']} {says['would']}")
        lines += _paragraph(f"{say('do')}: {says['do']}", "    ")
    return lines if drift["findings"] else [*lines, f"  {say('drift_none')}"]


def _left(report: Report, say: Say, _language: str) -> list[str]:
    rows = [[say("system"), "", say("left")]]
    rows += [[str(e["what"]), str(e["machine"]), ", ".join(e["left"]) or say("nothing_left")] for e in report["left"]]
    return table(rows)


def _verification(report: Report, say: Say, _language: str) -> list[str]:
    counts = report["verification"]
    return [f"{say('tests')}: {counts['tests']}, {say('passed')}: {counts['passed']}, "
            f"{say('failed')}: {counts['failed']}, {say('skipped')}: {counts['skipped']}"]


PARTS: tuple[tuple[str, Callable[[Report, Say, str], list[str]]], ...] = (
    ("activities", _activities), ("timeline", _timeline), ("outlook", _outlook), ("systems", _systems),
    ("drift", _drift), ("controllers", _controllers), ("left", _left), ("verification", _verification))


def _head(report: Report, say: Say) -> list[str]:
    run, lines = report["run"], []
    if run["check"]:
        lines.append(say("simulation"))
    if run["ended"] is None:
        lines.append(say("not_ended"))
    for key in ("declared", "unfenced"):
        if run[key]:
            lines += _paragraph(f"{say(key)}: {run[key]}", "")
    return lines


def render(report: Report, language: Optional[str] = None) -> str:
    """The whole report as text, ending with a newline; `language` is the policy's unless given."""
    chosen = language or str(report["language"])
    say = labels(chosen)
    lines = ["", f"{named(report, chosen)} · {report['run']['driver']} · {moment(report['run']['started'])}",
             *_head(report, say), ""]
    for key, part in PARTS:
        if key in report:
            lines += part(report, say, chosen)
    for key, values in (("silent", report["silent"]), ("untouched", report["run"]["untouched"] or [])):
        if values:
            lines += ["", *_paragraph(f"{say(key)}: {', '.join(values)}", "")]
    off = [f"{name} {seconds:+.0f} s" for name, seconds in report["clocks"].items() if abs(seconds) > CLOCK_FLOOR_S]
    if off:
        lines += ["", *_paragraph(f"{say('clocks')}: {', '.join(off)}", "")]
    if report["notes"]:
        lines += ["", say("notes"), *(line for note in report["notes"] for line in _paragraph(note))]
    lines += ["", say("reached") if report["ok"] else say("problems")]
    lines += [line for text in report["problems"] for line in _paragraph(str(text))]
    return "\n".join(map(visible, lines)) + "\n"
