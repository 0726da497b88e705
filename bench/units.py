# SPDX-License-Identifier: Apache-2.0
"""200 units that only sleep, run by the real driver, gate and ansible-playbook: how near to the best order is the run?

Systems are doubles: each recovery sleeps in the worker that Ansible gives it, so that only the order is measured.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import schedule
from bench.frame import Bench, Figure, Say

ROOT = Path(__file__).parents[1]
SEED, GROUPS, SYSTEMS = 20261125, 10, 18  # with a switch and an activity each, 200 units
SHORTEST_S, LONGEST_S = 2.0, 16.0
WORKERS = 200
TARGET = 1.2
DOUBLE = """# A double: sleeps as long as the system says.
import time
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import OurAction, token

class ActionModule(OurAction):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        token()
        args = self._task.args
        if args["step"] == "recover":
            time.sleep(args["system"]["settings"]["seconds"])
        word = "data_correct" if args["step"] == "recover" else "done"
        return {**super().run(tmp, task_vars), "changed": True, "word": word, "step": args["step"]}
"""


def firm(folder: Path) -> Any:
    """The compiled folder of doubles that the tests use, with a larger firm in it."""
    sys.path.insert(0, str(ROOT / "tests" / "plugins"))
    from firm import Door, Firm

    class Large(Firm):  # type: ignore[misc]
        """A firm of ten groups of systems."""

        def plan(self) -> dict[str, Any]:
            return enlarged(super().plan(), str(self.root))

    door = Door()
    made = Large(folder, door, silent=("db1", "app1", "files1"))
    made.write()
    (made.folder / "collections/ansible_collections/bascule/continuity/plugins/action/double.py").write_text(DOUBLE)
    settings = made.folder / "ansible.cfg"
    compiled = f"forks = {WORKERS}\\ninternal_poll_interval = 0.01"
    settings.write_text(settings.read_text().replace("forks = 10", compiled.replace("\\n", "\n")))
    made.seal()
    return made


def enlarged(plan: dict[str, Any], root: str) -> dict[str, Any]:
    """The plan with other systems, groups, activities and units: a random graph in each group, always the same."""
    numbers = random.Random(SEED)
    one, group, activity = plan["systems"]["db"], plan["groups"]["orders"], plan["activities"]["orders"]
    plan.update(systems={}, groups={}, activities={}, units=[])
    for number in range(GROUPS):
        name = f"g{number}"
        systems = [f"{name}-s{index}" for index in range(SYSTEMS)]
        for index, system in enumerate(systems):
            needs = sorted(numbers.sample(systems[:index], min(index, numbers.choice((0, 1, 1, 2)))))
            seconds = round(numbers.uniform(SHORTEST_S, LONGEST_S), 1)
            plan["systems"][system] = {**one, "id": system, "group": name, "needs": needs, "protections": [],
                                       "settings": {"root": root, "seconds": seconds}}  # fmt: skip
            plan["units"].append(unit("system", system, [f"system.{need}" for need in needs]))
        plan["groups"][name] = {**group, "id": name, "activities": [name], "systems": systems, "names": []}
        plan["activities"][name] = {**activity, "id": name, "systems": systems, "uses": systems[-1:], "group": name,
                                    "usable_when": [check for check in activity["usable_when"] if check["kind"] == "tcp"]}  # noqa: E501  # fmt: skip
        plan["units"].append(unit("switch", name, [f"system.{system}" for system in systems]))
        plan["units"].append(unit("activity", name, [f"switch.{name}"]))
    return plan


def unit(kind: str, subject: str, after: list[str]) -> dict[str, Any]:
    """A unit as the plan has it."""
    return {"id": f"{kind}.{subject}", "kind": kind, "subject": subject, "after": after}


def bound(plan: dict[str, Any]) -> float:
    """The makespan of list scheduling for the recoveries; switches and questions count as nothing."""
    seconds = {entry["id"]: 0.0 for entry in plan["units"]}
    seconds |= {f"system.{name}": system["settings"]["seconds"] for name, system in plan["systems"].items()}
    return schedule.makespan(seconds, {entry["id"]: entry["after"] for entry in plan["units"]}, WORKERS)


def taken(journal: list[dict[str, Any]]) -> float:
    """Seconds from the beginning of the part that recovers to the end of its last unit."""
    began = next(event["t"] for event in journal if event["event"] == "phase" and event["phase"] == "recover")
    return float(max(e["ended"] for e in journal if e["event"] == "unit" and e["stage"] == "serve") - began)


def measure(runs: int, say: Say) -> Iterator[Figure]:
    """Activate the firm of doubles, again and again from nothing."""
    spans, best = [], 0.0
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="bascule-bench-") as folder:
            made = firm(Path(folder))
            plan = json.loads((made.folder / "plan.json").read_text())
            best = bound(plan)
            process = made.start("dr-activate.yml")
            output, _ = process.communicate(timeout=1200)
            if process.returncode:
                raise RuntimeError(output[-2000:])
            spans.append(taken(made.journal()))
            say(f"{len(plan['units'])} units in {spans[-1]:.1f} s; the bound is {best:.1f} s (seed {SEED})")
    yield Figure("makespan of 200 units", "s", tuple(spans))
    yield Figure("the same by list scheduling", "s", (best,))
    yield Figure("makespan ÷ bound", "", tuple(span / best for span in spans), TARGET)


BENCHES = (Bench("units", "200 simulated units, real gate and ansible-playbook", measure, minutes=6),)
