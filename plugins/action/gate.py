# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate: holds a recovery unit until all that it needs has ended, and hands it what its steps need to know."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.plugin_utils import _acting, _return, _together, _why_not
from ansible_collections.bascule.continuity.plugins.plugin_utils._head_start import give_head_start
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs, scope

EVERY_S = 0.05
# Of this many units at most, each may look that often; more of them look more seldom, so that the computer can work.
OFTEN = 40
ASK_S = 180
NOBODY = {"id": "controller", "kind": "none", "in_scope": False}
HOLD, FINAL = "hold", "final"
# The stages that a system which is held goes through before it serves elsewhere.
AFTER_HOLD = (FINAL, "unhold")


class ActionModule(_acting.OurAction):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"stage", "after", "patient", "turned", "limit_s", "finish", "word", "fenced", "stay",
                             "leave", "since"})

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Wait and hand over, or say how the unit ended this stage."""
        result = super().run(tmp, task_vars)
        self.folder, self.run_data = _acting.token()
        self.plan = _acting.plan_of(self.folder)
        self.unit = str(task_vars["inventory_hostname"])
        self.stage = str(self._task.args.get("stage", runs.MAIN))
        if self.unit not in {unit["id"] for unit in self.plan["units"]}:
            return {**result, "unit": NOBODY, "run": self.run_data}
        if self._task.args.get("stay"):
            return {**result, **self._stay()}
        if self._task.args.get("fenced"):
            failed = task_vars.get("ansible_failed_result") or {}
            return {**result, **self._fence(str(self._task.args["fenced"]), str(failed.get("msg") or ""))}
        ended = self._finish(str(self._task.args.get("word") or "done")) if self._task.args.get("finish") else {}
        goes_on = not ended or "after" in self._task.args
        return {**result, **ended, **(self._open() if goes_on else {})}

    def _open(self) -> dict[str, Any]:
        direction = self.run_data.get("directions", {}).get(self.unit, self.run_data["direction"])
        if self._task.args.get("turned"):
            direction = scope.other(direction)
        unit = scope.view(self.plan, self.unit, direction)
        self.stage = runs.stage_of(self.unit, self.stage)
        unit.update(self._situation(unit), in_scope=self.unit in self.run_data["scope"]["units"], left=False,
                    stays=False)
        if unit["in_scope"] and (self._leaves(unit) or self._kept_back(unit)):
            unit["in_scope"] = False
        shown = unit["in_scope"] and self._would_be_built(unit)
        began = time.time()
        unit.update(together=self._partners(unit), step_options={}, since=float(self._task.args.get("since", began)))
        if unit["in_scope"]:
            self._refuse_unreached(unit)
        if unit["in_scope"] and not self._points_first(unit):
            if self.stage == runs.MAIN:
                give_head_start(self.plan, self.run_data, unit, self.folder, self._every_s())
            self._wait(self._needs(), self.stage)
            self._meet(unit)
            unit.update(self._situation(unit))
            self._somebody_must_ask(unit)
        # `waited_s` is for the reader of the journal; what a unit took is counted from here.
        stage = _together.STAGE if self._points_first(unit) else self.stage
        gate = {"stage": stage, "opened": unit["in_scope"], "waited_s": round(time.time() - began, 2)}
        return {"changed": False, "word": "simulated" if shown else None, "gate": gate, "unit": unit,
                "run": {**self.run_data, "direction": direction}, "playbooks": str(self._playbooks()),
                "file": str(self._playbooks() / self._file(unit)),
                "known_hosts_lines": _acting.known_hosts_lines(self.folder)}

    def _file(self, unit: dict[str, Any]) -> str:
        """The steps that come next for this unit, named from the folder of step files: the fewest that there can be."""
        if unit["kind"] == "switch":
            return f"switches/{unit['switch']['kind']}/switch.yml"
        if unit["kind"] == "activity":
            return "steps/activity.yml"
        if self.stage == HOLD:
            return "steps/stay.yml" if unit["stays"] else "steps/return.yml" if unit["left"] else "steps/home.yml"
        if self._points_first(unit):
            return "steps/together.yml"
        return "steps/rehearse.yml" if self.run_data["check"] else f"systems/{unit['system']['type']}/recover.yml"

    def _partners(self, unit: dict[str, Any]) -> list[str]:
        if self.stage != runs.MAIN or not unit["in_scope"]:
            return []
        return _together.partners(self.plan, self.run_data, unit)

    def _points_first(self, unit: dict[str, Any]) -> bool:
        """Whether others must be recovered to the same moment, and the points of this system have not been read."""
        return bool(unit["together"]) and runs.read_state(self.folder, self.unit, _together.STAGE) is None

    def _would_be_built(self, unit: dict[str, Any]) -> bool:
        """Whether a look at what an activation would do ends here: the machine is not there before one."""
        if self.stage != runs.MAIN or not self.run_data["check"] or unit.get("here") not in self.run_data["absent"]:
            return False
        for stage in (runs.MAIN, _together.STAGE):
            runs.write_state(self.folder, self.unit, "done", stage)
        unit["in_scope"] = False
        return True

    def _refuse_unreached(self, unit: dict[str, Any]) -> None:
        """A system is recovered on a machine that the guard has looked at and holds, or not at all."""
        if unit["kind"] != "system" or self.stage != runs.MAIN or self.run_data["driver"] != "activate":
            return
        why, how = _why_not.unreached(self.run_data, unit)
        if why:
            raise AnsibleActionFail(why, result={**how, "machine": unit["here"],
                                                 "gate": {"stage": self.stage, "ends": how["word"]}})

    def _meet(self, unit: dict[str, Any]) -> None:
        """For a system that others must be recovered to one moment with: wait until all their points were read."""
        if not unit["together"]:
            return
        self._wait([f"system.{name}" for name in unit["together"]], _together.STAGE)
        try:
            systems = [unit["subject"], *unit["together"]]
            unit["step_options"] = _together.options(self.folder, self.run_data, systems)
        except _together.NoMomentError as error:
            why = {"reason": "no-moment", "gate": {"stage": self.stage}}
            raise AnsibleActionFail(str(error), result=why) from None

    def _leaves(self, unit: dict[str, Any]) -> bool:
        """Whether there is nothing to do for this unit in this stage; those that wait for it may go on."""
        how = str(self._task.args.get("leave", ""))
        if unit["kind"] != "system" or not how:
            return False
        served = unit.get("serves_now") == self.run_data["direction"]
        stands = not self.run_data["copies"] and unit["here"] not in self.run_data.get("fresh", ())
        unit["left"] = {"served": served, "silent": not unit["there_reachable"], "stands": stands}[how]
        if unit["left"]:
            for stage in (HOLD, *AFTER_HOLD) if self.stage == HOLD else (self.stage,):
                runs.write_state(self.folder, self.unit, "done", stage)
        # What is at home already is not held, but it is stopped at the other side once more.
        return bool(unit["left"]) and self.stage != HOLD

    def _kept_back(self, unit: dict[str, Any]) -> bool:
        """Whether this stage of a return is left out, since the unit's group cannot go home whole.

        Nothing is held of such a group, for users would wait for nothing; what an earlier run held is let go.
        """
        if unit["kind"] != "system" or self.stage not in (*_return.BEFORE_HOLD, HOLD):
            return False
        silent = self.run_data.get("staying", {}).get(self.unit)
        if self.stage != HOLD:
            if not silent and _return.ready(self.folder, [self.unit], self.stage):
                return False
            runs.write_state(self.folder, self.unit, "failed", self.stage)
            return True
        if silent and (unit["left"] or not unit["there_reachable"]):
            self._stay()
        ready = _return.ready(self.folder, self._movers(unit["group"]), HOLD)
        unit["stays"] = not unit["left"] and (bool(silent) or not ready)
        if unit["stays"]:
            runs.write_state(self.folder, self.unit, "failed", HOLD)
            runs.write_state(self.folder, self.unit, "differs", FINAL)
        return False

    def _situation(self, unit: dict[str, Any]) -> dict[str, Any]:
        answers = self.run_data.get("reachable", {})
        if unit["kind"] == "activity":
            observers = [entry for entry in unit["observers"] if answers.get(entry["machine"])]
            switch = self.plan.get("switch") or {}
            # A person needs the time that the policy gives; names stay in caches for their time to live.
            limit_s = switch.get("limit_s") or switch.get("ttl_s", 0) + ASK_S
            return {"observer": observers[0] if observers else None, "ask_limit_s": limit_s}
        if unit["kind"] != "system":
            return {}
        return {"here_reachable": answers.get(unit["here"], False),
                "there_reachable": answers.get(unit["there"], False),
                "third_reachable": answers.get((unit["system"].get("third") or {}).get("machine"), False),
                "serves_now": self.run_data.get("serving", {}).get(unit["subject"]),
                "go": all(runs.read_state(self.folder, name, FINAL) == "same" for name in self._movers(unit["group"]))}

    def _movers(self, group: Any) -> list[str]:
        return scope.movers(self.plan, self.run_data, group)

    def _needs(self) -> list[str]:
        """Whom to wait for; a unit that has nothing but the main stage waits as the graph says."""
        after = str(self._task.args.get("after", "graph")) if self.stage != runs.MAIN else "graph"
        return scope.needs(self.plan, self.run_data, self.unit, after)

    def _every_s(self) -> float:
        return EVERY_S * max(1.0, len(self.run_data["scope"]["units"]) / OFTEN)

    def _wait(self, needs: list[str], stage: str) -> None:
        """Return when all of `needs` have ended `stage`; raises when one cannot, or when the run has been killed."""
        patient = self.stage != runs.MAIN and (
            bool(self._task.args.get("patient")) or self._task.args.get("after") == "machine")
        deadline = time.monotonic() + float(self._task.args.get("limit_s", 86400))
        waiting = set(needs)
        while waiting:
            states = {name: runs.read_state(self.folder, name, runs.stage_of(name, stage)) for name in waiting}
            bad = sorted(name for name, word in states.items() if word in runs.ENDED)
            if bad and not patient:
                self._blocked(f"Blocked by {', '.join(f'{name} ({states[name]})' for name in bad)}.")
            waiting = {name for name, word in states.items() if word is None}
            if waiting and time.monotonic() > deadline:
                self._blocked(f"Blocked: waited in vain for {', '.join(sorted(waiting))}.")
            if os.getppid() != self.run_data["pid"]:
                self._blocked("Blocked: the run was killed.")
            if waiting:
                time.sleep(self._every_s())

    def _blocked(self, sentence: str) -> None:
        raise AnsibleActionFail(sentence, result={"reason": "blocked", "word": "blocked",
                                                  "gate": {"stage": self.stage, "ends": "blocked"}})

    def _somebody_must_ask(self, unit: dict[str, Any]) -> None:
        if unit["kind"] == "activity" and not unit["observer"]:
            raise AnsibleActionFail("No observer answers, so nobody can say whether users can work: the strongest word "
                                    "is data_correct. Look at the observers and start again.",
                                    result={"reason": "no-observer"})

    def _stay(self) -> dict[str, Any]:
        group = scope.group_of(self.plan, next(unit for unit in self.plan["units"] if unit["id"] == self.unit))
        reason, sentence = _return.why(self.folder, self.run_data, self.unit, self._movers(group))
        raise AnsibleActionFail(sentence, result={"reason": reason})

    def _finish(self, word: str) -> dict[str, Any]:
        silent = runs.read_state(self.folder, self.unit, self.stage) == "silent"
        runs.write_state(self.folder, self.unit, "failed" if silent else word, self.stage)
        gate = {"stage": self.stage, "finished": True, "word": "failed" if silent else word}
        if silent and self.stage == HOLD:
            name = self.unit.partition(".")[2]
            raise AnsibleActionFail(f"{name} fell silent while it was held.", result={"gate": gate})
        return {"changed": False, "gate": gate}

    def _fence(self, how: str, why: str) -> dict[str, Any]:
        """Judge the stop of the side that is left: `how` is `done` or `failed`, and then `why`. Ends the stage."""
        silent = runs.read_state(self.folder, self.unit, self.stage) == "silent"
        found: dict[str, Any] = {"fenced": True}
        if how == "failed" or silent:
            unit = scope.view(self.plan, self.unit, self.run_data["direction"])
            found = _why_not.not_fenced(self.plan, self.run_data, unit, silent, why)
        return {**found, **self._finish("done")}

    def _playbooks(self) -> Path:
        """The folder of step files: `playbooks/` of the compiled folder."""
        return self.folder.parents[1] / "playbooks"
