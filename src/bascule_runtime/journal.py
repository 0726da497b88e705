# SPDX-License-Identifier: Apache-2.0
"""The journal of a run: one JSON object a line, on disk before the run goes on, readable after a kill."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, Callable, Optional, Union

from bascule_runtime import runs

FILE = "journal.jsonl"
# Of what a program said on its way out, the end.
SAID_CHARACTERS = 600
now = time.time
Event = dict[str, Any]


class Writer:
    """Appends events to the journal in `folder`. Each call returns once its line is out of this process.

    A line that is `synced` is on disk then, with all lines before it: a sync takes milliseconds, and the run waits.
    """

    def __init__(self, folder: Union[str, Path], clock: Callable[[], float] = time.time) -> None:
        self.folder = Path(folder)
        self.clock = clock
        # Half of a pair, which UTF-8 cannot say, becomes \\udNNN: in JSON that is the same text.
        self._stream = (self.folder / FILE).open("a", encoding="utf-8", errors="backslashreplace")

    def write(self, event: str, synced: bool = True, **fields: Any) -> None:
        """Append `{"t": now, "event": event, …fields}`."""
        line = json.dumps({"t": self.clock(), "event": event, **fields}, ensure_ascii=False, default=str)
        self._stream.write(line + "\n")
        self._stream.flush()
        if synced:
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file; nothing is pending."""
        self._stream.close()


def read(folder: Union[str, Path]) -> list[Event]:
    """All events of the run in `folder`, in order.

    A last line that was cut off by a kill is left out. Raises FileNotFoundError when there is no journal,
    ValueError (a sentence with the line's number) when a line in the middle is not JSON.
    """
    path = Path(folder) / FILE
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    events: list[Event] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            events.append(json.loads(line))
        except ValueError:
            if number == len(lines):
                break
            raise ValueError(f"{path}, line {number}: this is not an event; the journal was changed") from None
    return events


def _sentence(result: Event) -> str:
    """Why a task failed: its message, and what the program said where there was one."""
    said = str(result.get("stderr") or "").strip()
    return f"{result['msg']}: {said[-SAID_CHARACTERS:]}" if said else str(result["msg"])


class Recorder:
    """Turns what Ansible reports into events and states of units. Knows hosts only as names."""

    def __init__(self, writer: Writer, units: frozenset[str]) -> None:
        self.writer = writer
        self.units = units
        self.reason = ""
        self._phase = ""
        self._began: dict[tuple[str, str], float] = {}
        self._stage: dict[str, str] = {}
        self._opened: dict[tuple[str, str], float] = {}

    def play(self, name: str, phase: str) -> None:
        """A play begins: `phase` is the part of the time line that its tasks belong to."""
        self._phase = phase
        self._stage.clear()
        self.writer.write("phase", name=name, phase=phase)

    def began(self, host: str, task: str, name: str = "", step: str = "", gate: Optional[Event] = None) -> None:
        """Task `task` (any unique text) was started for `host`. With a `name`, those who look on are told.

        `step` is what a step of ours does; `gate` is `{"stage", "after"}` where the task waits for other units.
        """
        self._began[host, task] = self.writer.clock()
        if name:
            facts = {"unit" if host in self.units else "machine": host, "name": name, "phase": self._phase}
            more = {key: value for key, value in (("step", step), ("gate", gate)) if value}
            self.writer.write("began", synced=False, **facts, **more)

    def ended(self, host: str, task: str, name: str, state: str, result: Event, forgiven: bool = False) -> None:
        """Task `task` ended for `host` with `state` ok, failed, unreachable or skipped; `forgiven`: the run goes on."""
        now = self.writer.clock()
        began = self._began.pop((host, task), now)
        gate = result.get("gate") or {}
        if gate.get("stage"):
            self._stage[host] = str(gate["stage"])
        if gate.get("opened"):
            self._opened[host, self._stage[host]] = now
        for item in result.get("results") or [result]:
            if isinstance(item, dict):
                facts = self._facts(host, name, state, item, began, now)
                # What touched nothing (a gate, a step left out) is synced with the next line that matters.
                acted = state in ("failed", "unreachable") or (state == "ok" and "machine" in facts)
                self.writer.write("task", synced=acted, **facts)
        if host in self.units:
            self._unit(host, state, gate, forgiven, now)

    def _facts(self, host: str, name: str, state: str, result: Event, began: float, now: float) -> Event:
        holds = (host, "hold") in self._opened
        facts: Event = {"unit" if host in self.units else "machine": host, "name": name,
                        "phase": "fence" if holds else self._phase,
                        "state": state, "began": began, "seconds": round(now - began, 3)}
        if result.get("machine"):
            facts["machine"] = result["machine"]
        for key in ("word", "evidence", "reason", "step", "gate"):
            if result.get(key) is not None:
                facts[key] = result[key]
        if state in ("failed", "unreachable") and result.get("msg"):
            facts["msg"] = _sentence(result)
            self.reason = self.reason or facts["msg"]
        return facts

    def _unit(self, host: str, state: str, gate: Event, forgiven: bool, now: float) -> None:
        stage = self._stage.get(host, runs.MAIN)
        if gate.get("finished"):
            self._end(host, str(gate.get("word") or "done"), str(gate["stage"]), now, write=False)
        elif state == "unreachable" and forgiven and stage != runs.MAIN:
            runs.write_state(self.writer.folder, host, "silent", stage)
        elif state in ("failed", "unreachable") and not forgiven:
            self._end(host, str(gate.get("ends") or state), stage, now)

    def _end(self, host: str, word: str, stage: str, now: float, write: bool = True) -> None:
        if write:
            runs.write_state(self.writer.folder, host, word)
        self.writer.write("unit", unit=host, state=word, stage=stage, ended=now,
                          began=self._opened.pop((host, stage), now))

    def note(self, text: str) -> None:
        """A sentence that the report repeats."""
        self.writer.write("note", text=text)

    def close(self, exit_hint: Optional[int]) -> None:
        """The run ends; `exit_hint` is what ansible-playbook is about to exit with."""
        self.writer.write("run_ended", exit_hint=exit_hint)
        self.writer.close()
