# SPDX-License-Identifier: Apache-2.0
"""Where a run stands while it goes on, activity by activity: its journal, folded event by event."""

from __future__ import annotations

from typing import Any, Optional

from bascule_runtime import runs, scope

SCHEMA = "bascule/progress/v1"
# Drivers at whose end activities are to be usable; of the others, each system says how far it is.
BY_ACTIVITY = ("activate", "failback")
WAITING, RUNNING = "waiting", "running"
Event = dict[str, Any]


class Progress:
    """What is known of a run so far. Times are epoch seconds, as in the journal."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.units = {unit["id"]: unit for unit in plan["units"]}
        self.facts: Event = {}
        self.driver = self.play = self.phase = ""
        self.started = self.last = 0.0
        self.exit_hint: Optional[int] = None
        self.ended = self.killed = False
        self.running: dict[str, Event] = {}
        self.words: dict[str, str] = {}
        self.why: dict[str, str] = {}
        self._ended: dict[str, dict[str, Event]] = {}
        self._open: dict[str, Event] = {}
        self._left: set[str] = set()

    def feed(self, event: Event) -> None:
        """Take the next event of the journal in; one of a later version is left out."""
        self.last = float(event["t"])
        known = getattr(self, f"_on_{event['event']}", None)
        if known:
            known(event)

    def _on_run_started(self, event: Event) -> None:
        self.driver, self.started = str(event["driver"]), float(event["t"])

    def _on_guard(self, event: Event) -> None:
        self.facts = event
        self.started = float(event.get("since") or event["started"])

    def _on_phase(self, event: Event) -> None:
        self.play, self.phase = str(event["name"]), str(event["phase"])
        self.running.clear()
        self._open.clear()
        self._left.clear()

    def _on_began(self, event: Event) -> None:
        self.running[event.get("unit") or event["machine"]] = event

    def _on_task(self, event: Event) -> None:
        host = event.get("unit") or event["machine"]
        self.running.pop(host, None)
        gate = event.get("gate") or {}
        if gate.get("opened") is False:
            self._left.add(host)
        if gate.get("opened") or host in self._open:
            # Between two tasks there is still something going on for it, without a name.
            self._open[host] = {"t": event["t"], "name": ""}
        if event["state"] in ("failed", "unreachable") and event.get("msg"):
            self.why[host] = str(event["msg"])
        if event.get("word") and event["phase"] == "recover":
            self.words[host] = str(event["word"])

    def _on_unit(self, event: Event) -> None:
        self._ended.setdefault(event["unit"], {})[event["stage"]] = event
        self._open.pop(event["unit"], None)

    def _on_run_ended(self, event: Event) -> None:
        self.ended, self.exit_hint = True, event.get("exit_hint")
        self.running.clear()
        self._open.clear()

    def bad(self, unit: str) -> Optional[Event]:
        """The event with which `unit` failed in any stage."""
        return next((e for e in self._ended.get(unit, {}).values() if e["state"] in runs.ENDED), None)

    def result(self, unit: str) -> Optional[Event]:
        """The event with which `unit` ended what it is there for; None while it has not."""
        stages = self._ended.get(unit, {})
        last = list(stages.values())[-1] if stages and self.driver not in BY_ACTIVITY else None
        return self.bad(unit) or stages.get(runs.MAIN) or last

    def inside(self) -> tuple[str, ...]:
        """Units in scope, in the plan's order; all of them before the guard has spoken."""
        return tuple((self.facts.get("scope") or {}).get("units") or self.units)

    def waits(self, unit: str) -> list[str]:
        """Units that `unit` is held for at a gate."""
        gate = self.running.get(unit, {}).get("gate")
        if not gate or not self.facts:
            return []
        stage = runs.stage_of(unit, gate["stage"])
        needed = scope.needs(self.plan, self.facts, unit, "graph" if stage == runs.MAIN else gate["after"])
        return [name for name in needed if not self.bad(name) and name not in self._left
                and runs.stage_of(name, stage) not in self._ended.get(name, {})]

    def works(self, unit: str) -> bool:
        """Whether something is being done for `unit`, other than waiting."""
        return "gate" not in self.running[unit] if unit in self.running else unit in self._open

    def state(self, now: float) -> Event:
        """All of it as data, at the time `now`: `schemas/progress/v1.schema.json`."""
        kind = "activity" if self.driver in BY_ACTIVITY else "system"
        rows = [self._row(unit, now) for unit in self.inside() if self.units[unit]["kind"] == kind]
        busy = [self._doing(name, now) for name in self.running if name not in self.units]
        return {"schema": SCHEMA, "t": now, "run": self.facts.get("id"), "driver": self.driver, "phase": self.phase,
                "play": self.play, "started": self.started, "elapsed_s": self._elapsed(now), "ended": self.ended,
                "killed": self.killed, "exit_hint": self.exit_hint, "rows": rows, "busy": busy}

    def _elapsed(self, now: float) -> float:
        return round(max(0.0, now - self.started), 1) if self.started else 0.0

    def _doing(self, host: str, now: float) -> Event:
        event = self.running.get(host) or self._open[host]
        return {"of": host, "task": event["name"], "seconds": round(max(0.0, now - float(event["t"])), 1)}

    def _parts(self, unit: str) -> list[str]:
        """Units in scope that the row of `unit` speaks of: itself last."""
        entry = self.units[unit]
        if entry["kind"] != "activity":
            return [unit]
        activity = self.plan["activities"][entry["subject"]]
        wanted = [*(f"system.{name}" for name in activity["systems"]), f"switch.{activity['group']}", unit]
        return [name for name in wanted if name in self.inside()]

    def _row(self, unit: str, now: float) -> Event:
        entry, parts, result = self.units[unit], self._parts(unit), self.result(unit)
        doing = [self._doing(name, now) for name in parts if self.works(name)]
        waits = list(dict.fromkeys(need for name in parts for need in self.waits(name)))
        # What holds the whole row up comes from outside of it.
        waits = [name for name in waits if name not in parts] or waits
        subject = self.plan["activities" if entry["kind"] == "activity" else "systems"][entry["subject"]]
        promised = (subject.get("target") or {}).get("rto_s") if self.driver in BY_ACTIVITY else None
        state = self._word(unit, result) if result else RUNNING if doing else WAITING
        return {"kind": entry["kind"], "id": entry["subject"], "name": subject.get("name") or {}, "state": state,
                "doing": [] if result else doing, "waits_for": [] if result or doing else waits,
                "elapsed_s": self._elapsed(float(result["ended"]) if result else now), "promised_s": promised,
                "because": [name for name in parts if (self.bad(name) or {}).get("state") in ("failed", "unreachable")],
                "why": self.why.get(unit, "") if state in runs.ENDED else ""}

    def _word(self, unit: str, result: Event) -> str:
        """What was seen at its end: never a stronger word than a step earned."""
        state = str(result["state"])
        return self.words.get(unit, state) if state == "done" else state
