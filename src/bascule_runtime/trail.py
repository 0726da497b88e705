# SPDX-License-Identifier: Apache-2.0
"""What can be followed step by step: how long units were at work in each stage, and the events that say something."""

from __future__ import annotations

from bascule_runtime.events import Event, Run

RUN = "run"


def stages(run: Run) -> list[Event]:
    """`{"unit", "stage", "state", "began", "ended"}` for each stage of each unit, by its beginning.

    `state` and `ended` of a stage that the journal does not end (a killed run) are None.
    """
    found = [{key: event[key] for key in ("unit", "stage", "state", "began", "ended")}
             for event in run.events if event["event"] == "unit"]
    return sorted([*found, *_open(run, found)], key=lambda span: (float(span["began"]), str(span["unit"])))


def _open(run: Run, ended: list[Event]) -> list[Event]:
    """Stages in which a unit had done something when the journal stopped."""
    if run.ended is not None:
        return []
    over = {str(span["unit"]): float(span["ended"]) for span in ended}
    begun: dict[str, Event] = {}
    for event in run.tasks:
        unit = str(event.get("unit", ""))
        if unit and event.get("step") and float(event["t"]) > over.get(unit, 0.0):
            stage = "serve" if event["phase"] == "recover" else event["phase"]
            begun.setdefault(unit, {"unit": unit, "stage": stage, "state": None, "began": event["began"],
                                    "ended": None})
    return list(begun.values())


def events(run: Run) -> list[Event]:
    """Events that say something about a unit or the run, in the journal's order.

    Each has `line` (in the journal), `t`, `about` (a unit's id, or `run`), `kind`, `name`, `state`, and what else was
    written. What only keeps house (waiting, handing over, what was skipped), and that a task began, which its end says
    too, is left to the journal.
    """
    found = []
    for line, event in enumerate(run.events, 1):
        kind = str(event["event"])
        if kind == "began" or (kind == "task" and not _says_something(event)):
            continue
        name = {"task": event.get("name"), "phase": event.get("name"), "unit": event.get("stage"),
                "note": event.get("text")}.get(kind)
        found.append({**event, "line": line, "kind": kind, "about": event.get("unit") or RUN, "name": name or kind})
    return found


def _says_something(event: Event) -> bool:
    if event["state"] in ("failed", "unreachable"):
        return True
    return event["state"] == "ok" and any(event.get(key) for key in ("word", "step", "reason"))
