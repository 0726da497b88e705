# SPDX-License-Identifier: Apache-2.0
"""A report as text for people, at most 100 columns wide, in French or English."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from bascule_runtime import brought, cloud_text, hosts, places
from bascule_runtime.lines import WIDTH, columns, cut, duration, moment, paragraph, table, visible

CLOCK_FLOOR_S = 1.0  # what cannot be told from the way that a question takes
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
        lines += paragraph(text)
    return lines


def _timeline(report: Report, say: Say, _language: str) -> list[str]:
    lines = [f"  {moment(part['began'])}  {say(part['part']):<12} {duration(part['seconds'])}"
             for part in report["timeline"]]
    lines = ["", say("timeline"), *lines] if lines else []
    path = [f"{entry['unit']} {duration(entry['seconds'])}" for entry in report["critical_path"]]
    return lines + ([f"{say('critical_path')}:", *paragraph(" → ".join(path))] if path else [])


def _systems(report: Report, say: Say, _language: str) -> list[str]:
    rows = [[say("system"), say("newest"), say("age"), say("points")]]
    rows += [[entry["id"], moment(entry["newest_at"]) if entry["keeps_data"] else say("no_data"),
              duration(entry["age_s"]), str(len(entry["points"])) if entry["keeps_data"] else "–"]
             for entry in report["systems"]]
    lines = ["", *table(rows)]
    for entry in report["systems"]:
        lines += [cut(f"    {entry['id']}  {moment(point.get('at'))}  {point.get('id')}  {point.get('by', '')}", WIDTH)
                  for point in entry["points"][:5]]
    return lines + _places(report, say)


def _places(report: Report, say: Say) -> list[str]:
    rows = [[id_, f"{place['place']} ({say('at_' + place['at'])})", moment(place["newest_at"]),
             duration(place["age_s"]), places.size(place["bytes"])] for id_, place in places.several(report)]
    lines = ["", *table([[say("places"), "", say("newest"), say("age"), say("size")], *rows])] if rows else []
    for entry in (entry for entry in report["systems"] if entry.get("unprotected_since")):
        lines += paragraph(f"{entry['id']}: {say('unprotected_since').lower()} {moment(entry['unprotected_since'])}")
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
            lines += paragraph(text)
    return lines


def _controllers(report: Report, say: Say, _language: str) -> list[str]:
    lines = []
    for entry in report["controllers"]:
        lines += paragraph(f"{entry['id']}: {'; '.join(entry['problems']) or say('ready')}")
    return ["", f"{say('controllers')}:", *lines] if lines else []


def _drift(report: Report, say: Say, language: str) -> list[str]:
    """By level, worst first: what differs, whom it hits, what it would do, what to do."""
    drift = report["drift"]
    if not drift["compared"]:
        return []
    lines = ["", f"{say('drift')}:"]
    old = sorted({(entry["source"], moment(entry["at"])) for entry in drift["compared"] if entry["kept"]})
    lines += [line for source, at in old for line in paragraph(f"{source}: {say('drift_kept')}, {at}")]
    for entry in drift["findings"]:
        says = entry["says"]["fr" if language == "fr" else "en"]
        whom = ", ".join(entry["activities"]) or ", ".join(entry["systems"])
        lines += paragraph(f"{say(entry['level'])} · {whom}: {says['what']} {says['would']}")
        lines += paragraph(f"{say('do')}: {says['do']}", "    ")
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
    ("activities", _activities), ("timeline", _timeline), ("brought_home", brought.part), ("outlook", _outlook),
    ("systems", _systems), ("drift", _drift), ("hosts", hosts.part), ("controllers", _controllers), ("left", _left),
    ("cloud", cloud_text.part), ("verification", _verification))
__all__ = ["WIDTH", "columns", "duration", "labels", "moment", "named", "render", "table", "visible"]


def _head(report: Report, say: Say) -> list[str]:
    run, lines = report["run"], []
    if run["check"]:
        lines.append(say("simulation"))
    if run["ended"] is None:
        lines.append(say("not_ended"))
    for key in ("declared", "unfenced"):
        if run[key]:
            lines += paragraph(f"{say(key)}: {run[key]}", "")
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
            lines += ["", *paragraph(f"{say(key)}: {', '.join(values)}", "")]
    off = [f"{name} {seconds:+.0f} s" for name, seconds in report["clocks"].items() if abs(seconds) > CLOCK_FLOOR_S]
    if off:
        lines += ["", *paragraph(f"{say('clocks')}: {', '.join(off)}", "")]
    if report["notes"]:
        lines += ["", say("notes"), *(line for note in report["notes"] for line in paragraph(note))]
    lines += ["", say("problems" if not report["ok"] else "feasible" if report["run"]["check"] else "reached")]
    lines += [line for text in report["problems"] for line in paragraph(str(text))]
    return "\n".join(map(visible, lines)) + "\n"
