# SPDX-License-Identifier: Apache-2.0
"""Progress in words: what changed, a sentence a line, and the few lines of the live display."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

from bascule_runtime import runs, text
from bascule_runtime.progress import RUNNING, WAITING, Progress

Event = dict[str, Any]
Say = Callable[[str], str]
SIGNS = {RUNNING: "▶", WAITING: "·", "usable": "✓", "failed": "✗", "unreachable": "✗", "blocked": "✗"}
COLOURS = {RUNNING: "36", WAITING: "2", "failed": "31", "unreachable": "31", "blocked": "31", "usable": "32"}
LATE = "33"


class Line(NamedTuple):
    """Something that changed. `lasting`: it stays on the screen above the live display."""

    text: str
    lasting: bool = False


class Row(NamedTuple):
    """A line of the live display: the sign, the name, what goes on, the time; and a colour, as a number of SGR."""

    sign: str
    name: str
    doing: str
    time: str
    colour: str = ""


def clock(seconds: float) -> str:
    """`0:34`, `12:05`, `1:02:05`."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


class Words:
    """Says what a `Progress` holds, in the language of its plan unless another is given."""

    def __init__(self, progress: Progress, language: Optional[str] = None) -> None:
        self.progress = progress
        self.language = language or str(progress.plan["policy"].get("language") or "en")
        self.say: Say = text.labels(self.language)

    def label(self, host: str) -> str:
        """What people call a unit: an activity by its name, a system by its id; anything else by its own name."""
        unit = self.progress.units.get(host)
        if unit and unit["kind"] == "activity":
            return text.named(self.progress.plan["activities"][unit["subject"]], self.language)
        if unit and unit["kind"] == "switch":
            return f"{self.say('switch')} {unit['subject']}"
        return str(unit["subject"]) if unit else host

    def changes(self, event: Event) -> list[Line]:
        """What to say of an event that the progress has just taken in."""
        known = getattr(self, f"_on_{event['event']}", None)
        lines = known(event) if known else []
        return [Line(text.visible(line.text.replace("\n", " ")), line.lasting) for line in lines]

    def _on_run_started(self, event: Event) -> list[Line]:
        return [Line(f"{event['driver']} {self.say('began')}")]

    def _on_guard(self, event: Event) -> list[Line]:
        if "serving" in event:
            return []
        absent = event.get("absent") or ()
        silent = [name for name, answers in (event.get("reachable") or {}).items()
                  if not answers and name not in absent]
        lines = [Line(f"{self.say(key)}: {event[key]}") for key in ("declared", "unfenced") if event.get(key)]
        return lines + ([Line(f"{self.say('silent')}: {', '.join(silent)}", True)] if silent else [])

    def _on_phase(self, event: Event) -> list[Line]:
        return [Line(f"== {event['name']}")]

    def _on_began(self, event: Event) -> list[Line]:
        host = event.get("unit")
        if not host:
            return []
        waits = self.progress.waits(host)
        if waits:
            return [Line(f"{self.label(host)}: {self.say('waits_for')} {', '.join(map(self.label, waits))}")]
        return [Line(f"{self.label(host)}: {event['name']}")] if event.get("step") else []

    def _on_task(self, event: Event) -> list[Line]:
        if event["state"] not in ("failed", "unreachable") or not event.get("msg"):
            return []
        host = event.get("unit") or event["machine"]
        if event.get("reason") == "blocked":
            return []
        return [Line(f"{self.label(host)}: {event['name']}: {self.say(event['state'])}: {event['msg']}", True)]

    def _on_unit(self, event: Event) -> list[Line]:
        unit = event["unit"]
        if event is not self.progress.result(unit):
            return []
        rows = self.progress.state(float(event["t"]))["rows"]
        row = next((row for row in rows if f"{row['kind']}.{row['id']}" == unit), None)
        bad = event["state"] in runs.ENDED
        state = str(row["state"] if row else event["state"] if bad else self.progress.words.get(unit, event["state"]))
        took = row["elapsed_s"] if row else event["ended"] - event["began"]
        promise = f" ({self.say('promised')}: {text.duration(row['promised_s'])})" if row and row["promised_s"] else ""
        why = f". {self._because(row)}" if row and event["state"] == "blocked" else ""
        lasting = bad and self.progress.units[unit]["kind"] == "activity"
        return [Line(f"{self.label(unit)}: {self.say(state)} {self.say('after')} {text.duration(took)}{promise}{why}",
                     lasting)]

    def _on_note(self, event: Event) -> list[Line]:
        return [Line(str(event["text"]), True)]

    def head(self, state: Event) -> str:
        """The first line of the live display."""
        busy = ", ".join(entry["of"] for entry in state["busy"] if entry["of"] not in ("localhost", "controller"))
        name = text.named(self.progress.plan["policy"], self.language)
        parts = (name, state["driver"], clock(state["elapsed_s"]), "" if state["ended"] else state["play"], busy)
        return " · ".join(part for part in parts if part)

    def rows(self, state: Event) -> list[Row]:
        """A line for each activity (or system) of the state."""
        return [self._row(row) for row in state["rows"]]

    def _because(self, row: Event) -> str:
        """Why a row did not get there: the units that failed for it, else what the one itself said."""
        own = f"{row['kind']}.{row['id']}"
        others = [f"{self.label(unit)}: {self.say(bad['state'])}"
                  for unit in row["because"] if unit != own and (bad := self.progress.bad(unit))]
        return "; ".join(others) or str(row["why"])

    def _task(self, entry: Event, row: Event) -> str:
        of = "" if entry["of"] == f"{row['kind']}.{row['id']}" else f"{self.label(entry['of'])}: "
        return f"{of}{entry['task']} {clock(entry['seconds'])}" if entry["task"] else f"{of}…"

    def _row(self, row: Event) -> Row:
        doing = "; ".join(self._task(entry, row) for entry in row["doing"])
        if row["waits_for"]:
            doing = f"{self.say('waits_for')} {', '.join(map(self.label, row['waits_for']))}"
        if row["state"] not in (RUNNING, WAITING):
            doing = ". ".join(part for part in (self.say(row["state"]), self._because(row)) if part)
        late = row["promised_s"] is not None and row["elapsed_s"] > row["promised_s"]
        promised = f" / {text.duration(row['promised_s'])}" if row["promised_s"] else ""
        time = f"{clock(row['elapsed_s'])}{promised}" + (f" {self.say('over')}" if late else "")
        colour = LATE if late and row["state"] in (RUNNING, WAITING) else COLOURS.get(row["state"], "")
        return Row(SIGNS.get(row["state"], "•"), text.named(row, self.language), doing or self.say(row["state"]), time,
                   colour)

    def end(self) -> list[Line]:
        """The truth at the end, activity by activity; for those who look on, since the run itself prints its report."""
        if self.progress.killed:
            last = self.say("run_killed")
        else:
            last = self.say("run_reached" if self.progress.exit_hint == 0 else "run_missed")
        why = self.progress.why.get("localhost") if not self.progress.facts else None
        return [Line(line, True) for line in ([why] if why else []) + [last]]
