# SPDX-License-Identifier: Apache-2.0
"""Answers about one run, from its journal alone."""

from __future__ import annotations

from typing import Any, Iterator, Optional, Sequence

from bascule_runtime import runs, words

Event = dict[str, Any]


class Run:
    """The events of a run with the questions that reports ask. Times are epoch seconds, as in the journal."""

    def __init__(self, plan: dict[str, Any], events: Sequence[Event]) -> None:
        self.plan = plan
        self.events = list(events)
        self.tasks = [event for event in self.events if event["event"] == "task"]
        # By unit, since everything is asked for each of them.
        self._tasks: dict[str, list[Event]] = {}
        self._ends: dict[str, list[Event]] = {}
        for event in self.events:
            if "unit" in event and event["event"] in ("task", "unit"):
                found = self._tasks if event["event"] == "task" else self._ends
                found.setdefault(str(event["unit"]), []).append(event)
        self._offsets = self._seen_offsets()
        guards = [event for event in self.events if event["event"] == "guard"]
        # The guard writes twice: what was asked for, then what was found on machines.
        self.facts: Event = guards[-1] if guards else {}
        first = self.events[0] if self.events else {}
        self.started = float(self.facts.get("started") or first.get("t") or 0)
        self.driver = str(self.facts.get("driver") or first.get("driver") or "")
        self.ended: Optional[float] = next((e["t"] for e in self.events if e["event"] == "run_ended"), None)
        self.last = float(self.events[-1]["t"]) if self.events else self.started
        self.check = bool(self.facts.get("check"))

    def scope(self, kind: str) -> list[str]:
        """Subjects of the units of this kind in scope, in the plan's order."""
        inside = set((self.facts.get("scope") or {}).get("units") or ())
        return [unit["subject"] for unit in self.plan["units"] if unit["kind"] == kind and unit["id"] in inside]

    def unit(self, unit: str, stage: str = runs.MAIN) -> Optional[Event]:
        """How a unit ended a stage: the last event that says so."""
        found = [e for e in self._ends.get(unit, ()) if e["stage"] == stage]
        return found[-1] if found else None

    def state(self, unit: str) -> Optional[str]:
        """The word with which a unit ended serving, or with which it failed before; None while nothing was said."""
        served = self.unit(unit)
        if served:
            return str(served["state"])
        bad = [e for e in self._ends.get(unit, ()) if e["state"] in runs.ENDED]
        return str(bad[0]["state"]) if bad else None

    def evidence(self, unit: str, step: str) -> Iterator[Event]:
        """Task events of a unit's step that brought evidence, newest first."""
        for event in reversed(self._tasks.get(unit, ())):
            if event.get("step") == step and event.get("evidence"):
                yield event

    def found(self, unit: str, step: str) -> Event:
        """The newest evidence of a unit's step; empty when there is none."""
        return next((event["evidence"] for event in self.evidence(unit, step)), {})

    def word(self, unit: str) -> str:
        """The strongest word that a unit's tasks were seen to earn while it served; what did not pass comes first."""
        state = self.state(unit)
        if state in runs.ENDED:
            return str(state)
        said = [e["word"] for e in self._tasks.get(unit, ()) if e.get("word") and e["phase"] == "recover"]
        if "simulated" in said:
            return "simulated"
        earned = [word for word in said if word in words.STRENGTH]
        return max(earned, key=words.STRENGTH.index) if earned else ("done" if state == "done" else "asked")

    def why(self, unit: str) -> str:
        """The sentence with which a unit failed; empty when it did not."""
        failed = [e for e in self._tasks.get(unit, ()) if e["state"] in ("failed", "unreachable")]
        return str(failed[-1].get("msg", "")) if failed else ""

    def causes(self, unit: str) -> list[str]:
        """For a unit that was blocked: which units failed in its way, and the sentence with which each did."""
        if self.state(unit) != "blocked":
            return []
        after = {entry["id"]: entry["after"] for entry in self.plan["units"]}
        seen, fresh = {unit}, [unit]
        while fresh:
            near = set(after[fresh.pop()]) - seen
            seen |= near
            fresh += sorted(near)
        failed = [name for name in after if name in seen
                  and (self.state(name) in ("failed", "unreachable") or self.reason(name) == "unbuilt")]
        return [f"{name}: {self.why(name)}" for name in failed if self.why(name)]

    def reason(self, unit: str) -> str:
        """The code of the failure of a unit, where there is one."""
        failed = [e for e in self._tasks.get(unit, ()) if e.get("reason")]
        return str(failed[-1]["reason"]) if failed else ""

    def offsets(self) -> dict[str, float]:
        """How far the clock of each machine is at least from the controller's, in seconds."""
        return dict(self._offsets)

    def _seen_offsets(self) -> dict[str, float]:
        return {str(e["machine"]): float(e["evidence"]["offset_s"]) for e in self.tasks
                if e.get("machine") and "offset_s" in (e.get("evidence") or {})}

    def notes(self) -> list[str]:
        """Sentences that were noted while the run went on, each once."""
        return list(dict.fromkeys(str(e["text"]) for e in self.events if e["event"] == "note"))
