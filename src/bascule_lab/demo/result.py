# SPDX-License-Identifier: Apache-2.0
"""What came of a demonstration. The figures of an activity are those of the runs' reports, or they are absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bascule_lab.demo.story import Story
from bascule_lab.demo.table import duration, pair, table
from bascule_runtime.places import size

Row = Mapping[str, Any]
HEAD = ("", "need", "target", "predicted", "measured", "outage seen", "records lost", "verdict")
UNDER = ("activity", "time / data", "time / data", "time / data", "time / data", "from outside", "of acknowledged", "")
LEGEND = (
    "Predicted: for the sizes that the policy declares. Measured data: how old the data were that the recovery found;",
    "records lost are those that were acknowledged after that. And home again: of those acknowledged since the loss.",
)
BOUNDS = {"at_least": "≥ ", "at_most": "≤ "}


def of(story: Story, code: int, reason: str) -> dict[str, Any]:
    """The result as data: `ok`, `why` (empty when all went well), `steps` with seconds, and for each activity what the
    loss of the site showed (need, target, predicted, measured, outage, acknowledged, verdict) and its way `home`;
    `moved`: what the way home had to move of each system that came home as files."""
    lost = _reported(story, "activate", "activities")
    home = {entry["id"]: entry for entry in _reported(story, "failback", "activities")}
    return {
        "policy": story.rehearsal.policy_id,
        "ok": code == 0,
        "why": reason,
        "logs": str(story.rehearsal.commands.folder),
        "caveat": story.caveat,
        "steps": [{"name": step.name, "seconds": round(step.seconds, 1), "what": step.text} for step in story.told],
        "runs": {name: str(run.folder) for name, run in story.runs.items() if run.folder},
        "moved": _reported(story, "failback", "brought_home"),
        "activities": [
            {**_loss(entry), "home": _home(home.get(entry["id"]), story.after.get(entry["id"]))} for entry in lost
        ],
    }


def _reported(story: Story, driver: str, key: str) -> Sequence[Row]:
    """The entries under `key` in the report of a driver's run; none when it did not run."""
    run = story.runs.get(driver)
    found: Sequence[Row] = run.report.get(key) or [] if run else []
    return found


def _loss(entry: Row) -> dict[str, Any]:
    """What the report of the activation says of an activity, as far as the table needs it."""
    names = entry["name"]
    return {
        "id": entry["id"],
        "name": names.get("en") or next(iter(names.values()), entry["id"]),
        "word": entry["word"],
        **{key: entry[key] for key in ("need", "target", "predicted", "measured", "outage", "verdict")},
        "acknowledged": {key: entry["acknowledged"].get(key) for key in ("asked", "lost")},
    }


def _home(entry: Row | None, counted: Mapping[str, int] | None) -> dict[str, Any] | None:
    """The way home: what the report of the failback saw, and what our own clients counted since the disaster."""
    if entry is None:
        return None
    acknowledged = {"asked": counted["acknowledged"], "lost": counted["lost"]} if counted else None
    return {"word": entry["word"], "outage": entry["outage"], "acknowledged": acknowledged, "verdict": entry["verdict"]}


def text(result: Mapping[str, Any]) -> str:
    """The result for people: one table, the steps with their seconds, and the verdict."""
    rows: list[Sequence[str]] = [UNDER]
    for entry in result["activities"]:
        rows += _rows(entry)
    caveat = [result["caveat"]] if result["caveat"] else []
    lines = ["", _headed(rows), "", *LEGEND, *_told(result["moved"]), *caveat] if result["activities"] else []
    width = max((len(step["name"]) for step in result["steps"]), default=0)
    lines += ["", *(f"{step['name']:{width}}  {duration(step['seconds']):>12}" for step in result["steps"])]
    total = sum(step["seconds"] for step in result["steps"])
    lines += [f"{'in all':{width}}  {duration(total):>12}", ""]
    return "\n".join([*lines, _end(result), f"Logs: {result['logs']}"])


def _end(result: Mapping[str, Any]) -> str:
    """The last sentence, which says no more than was seen."""
    if not result["ok"]:
        return str(result["why"])
    counted = [entry["home"]["acknowledged"] for entry in result["activities"] if entry["home"]]
    said = "Every activity was recovered and came home"
    if counted and all(counted):
        records = sum(kept["asked"] for kept in counted)
        return f"{said}; all {records} records acknowledged since the disaster are there."
    return said + "."


def _told(moved: Sequence[Row]) -> list[str]:
    """A line about what was moved on the way home, or none."""
    told = [f"{entry['id']} {size(entry['bytes'])} of {size(entry['whole_bytes'])}" for entry in moved]
    return [f"Moved on the way home, as files: {', '.join(told)}."] if told else []


def _headed(rows: Sequence[Sequence[str]]) -> str:
    """The table with its two lines of head."""
    lines = table([HEAD, *rows]).splitlines()
    return "\n".join([lines[0], lines[2], lines[1], *lines[3:]])


def _rows(entry: Row) -> list[Sequence[str]]:
    need, target, predicted, measured = (entry[key] for key in ("need", "target", "predicted", "measured"))
    rows: list[Sequence[str]] = [
        (
            entry["name"],
            pair(need.get("mtpd_s"), need.get("pdma_s")),
            pair(target.get("rto_s"), target.get("rpo_s")),
            pair(predicted.get("rto_s"), predicted.get("rpo_s")),
            f"{_bounded(measured, 'rta')} / {_bounded(measured, 'rpa')}",
            _outage(entry),
            _lost(entry["acknowledged"]),
            _verdict(entry),
        )
    ]
    if entry["home"]:
        home = entry["home"]
        kept = home["acknowledged"]
        rows.append(("  and home again", "", "", "", "", _outage(home), _lost(kept) if kept else "–", home["word"]))
    return rows


def _bounded(measured: Row, key: str) -> str:
    return BOUNDS.get(measured[f"{key}_is"] or "", "") + duration(measured[f"{key}_s"])


def _outage(entry: Row) -> str:
    return duration(entry["outage"]["seconds"]) if entry["outage"] else "not seen"


def _lost(acknowledged: Row) -> str:
    lost = "unknown" if acknowledged["lost"] is None else acknowledged["lost"]
    return f"{lost} of {acknowledged['asked']}" if acknowledged["asked"] else "–"


def _verdict(entry: Row) -> str:
    """`usable: time kept, data kept`; never more than the report says."""
    words = {"kept": "kept", "missed": "MISSED", "not_shown": "not shown"}
    verdict = entry["verdict"]
    return f"{entry['word']}: time {words[verdict['rto']]}, data {words[verdict['rpo']]}"
