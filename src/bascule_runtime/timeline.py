# SPDX-License-Identifier: Apache-2.0
"""Where the time of a run went: its parts one after the other, and the chain of units that took longest."""

from __future__ import annotations

from typing import Any, Optional

from bascule_runtime.events import Event, Run

KINDS = {"system": "recover", "switch": "switch", "activity": "verify"}
ORDER = ("detect", "declare", "site", "fence", "recover", "switch", "verify", "protect")


def parts(run: Run, disruption_at: Optional[float]) -> list[Event]:
    """`{"part", "began", "seconds"}` in the order of time; `detect` is from the disruption to the start of the run."""
    spans: dict[str, tuple[float, float]] = {}

    def add(part: str, began: float, ended: float) -> None:
        known = spans.get(part, (began, ended))
        spans[part] = (min(known[0], began), max(known[1], ended))

    if disruption_at is not None and disruption_at < run.started:
        add("detect", disruption_at, run.started)
    for event in run.tasks:
        if event["phase"] in ("guard", "site", "fence", "protect") and event["state"] != "skipped":
            part = "declare" if event["phase"] == "guard" else event["phase"]
            add(part, event["began"], event["began"] + event["seconds"])
    kinds = {unit["id"]: KINDS[unit["kind"]] for unit in run.plan["units"]}
    for event in run.events:
        if event["event"] == "unit" and event["stage"] == "serve":
            add(kinds[event["unit"]], event["began"], event["ended"])
    return [{"part": part, "began": spans[part][0], "seconds": round(spans[part][1] - spans[part][0], 2)}
            for part in ORDER if part in spans]


def critical_path(run: Run, activity: Optional[str] = None) -> list[dict[str, Any]]:
    """The chain of units that decided when `activity` (else the last unit of all) ended: `{"unit", "seconds"}`.

    Going backwards, each step is the predecessor that ended last; what the chain leaves is waiting for machines.
    """
    ended = {event["unit"]: event for event in run.events if event["event"] == "unit" and event["stage"] == "serve"}
    after = {unit["id"]: unit["after"] for unit in run.plan["units"]}
    if not ended:
        return []
    latest = max(ended, key=lambda unit: float(ended[unit]["ended"]))
    here: Optional[str] = f"activity.{activity}" if activity else latest
    path: list[dict[str, Any]] = []
    while here in ended:
        event = ended[str(here)]
        path.append({"unit": here, "seconds": round(event["ended"] - event["began"], 2)})
        here = max((name for name in after[str(here)] if name in ended),
                   key=lambda unit: float(ended[unit]["ended"]), default=None)
    return path[::-1]
