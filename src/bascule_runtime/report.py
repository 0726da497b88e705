# SPDX-License-Identifier: Apache-2.0
"""The report of a run, computed from its journal and the plan beside it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Callable, Optional, Sequence, Union

from bascule_runtime import journal, measure, runs, standing, timeline
from bascule_runtime.drift import seen
from bascule_runtime.events import Event, Run

SCHEMA = "bascule/report/v1"
KEPT = ("id", "driver", "direction", "scenario", "point", "declared", "unfenced", "since", "check", "scope",
        "secrets_missing", "untouched")


def _activated(run: Run) -> Event:
    entries = measure.activities(run)
    if run.check:
        entries_ok = {entry["id"]: _feasible(run, entry) for entry in entries}
        problems = [text for texts in entries_ok.values() for text in texts]
    else:
        problems = [f"{entry['id']}: {entry['word']}" for entry in entries if entry["word"] != "usable"]
    earliest = min((e["measured"]["disruption_at"] for e in entries if e["measured"]["disruption_at"]), default=None)
    return {"activities": entries, "timeline": timeline.parts(run, earliest),
            "critical_path": timeline.critical_path(run),
            "problems": problems or ([] if entries else ["nothing is in scope"])}


def _feasible(run: Run, entry: Event) -> list[str]:
    """What stands in the way of the activity's recovery, from the points that were really read."""
    if entry["word"] not in ("simulated", "asked", "done"):
        return [f"{entry['id']}: {entry['word']}"]
    systems = {item["id"]: item for item in standing.protected(run)}
    names = run.plan["activities"][entry["id"]]["systems"]
    return [f"{name} has no recovery point" for name in names if name in systems and not systems[name]["protected"]]


def _looked_at(run: Run) -> Event:
    outlook = standing.outlook(run)
    problems = [f"{entry['id']}: its {word} would be missed" for entry in outlook
                for word in ("rto", "rpo") if not entry[f"keeps_{word}"]]
    drift = seen.look(run)
    problems += seen.breaking(drift, run.scope("activity"))
    return {"systems": standing.protected(run), "outlook": outlook, "controllers": standing.controllers(run),
            "drift": drift, "problems": problems + list(run.facts.get("secrets_missing") or [])}


def _built(run: Run) -> Event:
    systems = standing.protected(run)
    problems = [f"{entry['id']} has no usable recovery point" for entry in systems if not entry["protected"]]
    problems += [f"{e.get('unit') or e.get('machine')}: {e.get('msg', e['state'])}" for e in _bad(run)]
    return {"systems": systems, "problems": list(dict.fromkeys(problems))}


def _torn_down(run: Run) -> Event:
    left = standing.left(run)
    problems = [f"{entry['what']} at {entry['machine']}: {', '.join(entry['left'])}" for entry in left if entry["left"]]
    silent = [name for name, answers in (run.facts.get("reachable") or {}).items() if not answers]
    problems += [f"{name} did not answer, so what is left there is not known" for name in silent]
    problems += [f"{e.get('unit') or e.get('machine')}: {e.get('msg', e['state'])}" for e in _bad(run)]
    return {"left": left, "problems": list(dict.fromkeys(problems))}


def _verified(run: Run) -> Event:
    counts = standing.verified(run)
    good = counts["tests"] > 0 and counts["passed"] == counts["tests"]
    return {"verification": counts, "problems": [] if good else (counts["problems"] or ["not all checks passed"])}


def _bad(run: Run) -> list[Event]:
    return [event for event in run.tasks if event["state"] in ("failed", "unreachable")]


DRIVERS: dict[str, Callable[[Run], Event]] = {
    "activate": _activated, "failback": _activated, "status": _looked_at, "build": _built,
    "teardown": _torn_down, "verify": _verified}


def compute(plan: dict[str, Any], events: Sequence[Event]) -> Event:
    """The report as data (`schemas/report/v1.schema.json`). `ok`: the driver's promise was seen to be kept."""
    run = Run(plan, events)
    body = DRIVERS[run.driver](run) if run.facts else {"problems": [_refusal(run)]}
    return {
        "schema": SCHEMA, "policy": plan["policy"]["id"], "digest": plan["policy"]["digest"],
        "language": plan["policy"].get("language") or "en", "name": plan["policy"]["name"],
        "run": {**{key: run.facts.get(key) for key in KEPT}, "driver": run.driver, "started": run.started,
                "ended": run.ended, "last_event": run.last},
        "ok": not body["problems"], "notes": run.notes(), "clocks": run.offsets(),
        "silent": sorted(name for name, answers in (run.facts.get("reachable") or {}).items() if not answers),
        "units": [_unit(run, unit) for unit in run.plan["units"] if run.facts], **body,
    }


def _unit(run: Run, unit: Event) -> Event:
    served = run.unit(unit["id"]) or {}
    began, ended = served.get("began"), served.get("ended")
    return {"id": unit["id"], "word": run.word(unit["id"]), "began": began,
            "seconds": round(ended - began, 2) if began and ended else None, "why": run.why(unit["id"])}


def _refusal(run: Run) -> str:
    return next((str(event["msg"]) for event in run.tasks if event.get("msg")), "The run ended before the guard.")


def of_folder(folder: Union[str, Path]) -> Event:
    """The report of the run in `folder`, whose plan lies two floors up, beside `runs/`. Raises FileNotFoundError."""
    path = Path(folder).resolve()
    plan = runs.read_json(path.parents[1] / "plan.json")
    if plan is None:
        raise FileNotFoundError(f"{path.parents[1] / 'plan.json'} is missing: a report needs the plan beside the runs.")
    return compute(plan, journal.read(path))


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `report`: print the report of a run. Exit code 0 when the promise was kept, else 1."""
    from bascule_runtime import text

    parser = argparse.ArgumentParser(prog="bascule_runtime report", description="Print the report of a run.")
    parser.add_argument("folder", help="runs/ID, or a compiled folder: its newest run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--language", choices=("fr", "en"))
    given = parser.parse_args(arguments)
    folder = Path(given.folder)
    folder = (runs.latest(folder / "runs") or folder) if (folder / "runs").is_dir() else folder
    try:
        report = of_folder(folder)
    except (FileNotFoundError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n" if given.json
                     else text.render(report, given.language))
    return 0 if report["ok"] else 1
