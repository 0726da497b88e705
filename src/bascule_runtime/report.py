# SPDX-License-Identifier: Apache-2.0
"""The report of a run, computed from its journal and the plan beside it."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Callable, Optional, Sequence, Union

from bascule_runtime import (
    account,
    brought,
    built,
    cloud,
    doubts,
    hosts,
    journal,
    measure,
    runs,
    standing,
    timeline,
    trail,
)
from bascule_runtime.drift import seen
from bascule_runtime.events import Event, Run

SCHEMA = "bascule/report/v1"
PLAN = "bascule/plan/v1"
KEPT = ("id", "driver", "direction", "scenario", "point", "declared", "unfenced", "since", "check", "scope",
        "secrets_missing", "untouched")


def _activated(run: Run) -> Event:
    entries = measure.activities(run)
    if run.check:
        entries_ok = {entry["id"]: _feasible(run, entry) for entry in entries}
        problems = [text for texts in entries_ok.values() for text in texts]
    else:
        problems = [f"{entry['id']}: {entry['word']}" for entry in entries if entry["word"] != "usable"]
        # Users work again, and the next loss would find no copy: that is not what the driver promises either.
        problems += [f"{e.get('unit') or e.get('machine')}: no copies are made. {e.get('msg', e['state'])}".rstrip(".")
                     for e in _bad(run) if e.get("step") == "protect"]
    earliest = min((e["measured"]["disruption_at"] for e in entries if e["measured"]["disruption_at"]), default=None)
    return {"activities": entries, "timeline": timeline.parts(run, earliest),
            "critical_path": timeline.critical_path(run),
            "problems": problems or ([] if entries else ["nothing is in scope"])}


def _feasible(run: Run, entry: Event) -> list[str]:
    """What stands in the way of the activity's recovery, by the points that were read; home goes what is there."""
    if entry["word"] not in ("simulated", "asked", "done"):
        return [f"{entry['id']}: {entry['word']}"]
    if run.driver == "failback":
        return []
    systems = {item["id"]: item for item in standing.protected(run)}
    names = run.plan["activities"][entry["id"]]["systems"]
    return [f"{name} has no recovery point" for name in names if name in systems and not systems[name]["protected"]]


def _looked_at(run: Run) -> Event:
    outlook = standing.outlook(run)
    problems = [f"{entry['id']}: its {word} would be missed" for entry in outlook
                for word in ("rto", "rpo") if not entry[f"keeps_{word}"]]
    drift = seen.look(run)
    problems += seen.breaking(drift, run.scope("activity"))
    # What would not be usable is not usable in time either; why is among the findings.
    broken = {name for entry in drift["findings"] if entry["level"] == "breaks" for name in entry["activities"]}
    outlook = [{**entry, "keeps_rto": entry["keeps_rto"] and entry["id"] not in broken} for entry in outlook]
    systems = standing.protected(run)
    problems += [f"{entry['id']}: {text}" for entry in systems for text in entry["unmet"]]
    problems += [*cloud.problems(run), *standing.link(run), *(run.facts.get("secrets_missing") or [])]
    found = {"systems": systems, "outlook": outlook, "controllers": standing.controllers(run),
             "drift": drift, "problems": problems}
    owed = hosts.owed(run)
    return {**found, "hosts": owed} if owed else found


def _built(run: Run) -> Event:
    systems = standing.protected(run)
    lacking = [] if run.check else [entry["id"] for entry in systems if not entry["protected"]]
    problems = [f"{name} has no usable recovery point" for name in lacking]
    problems += [f"{e.get('unit') or e.get('machine')}: {e.get('msg', e['state'])}" for e in _bad(run)]
    return {"systems": systems, "problems": list(dict.fromkeys(problems))}


def _torn_down(run: Run) -> Event:
    left = standing.left(run)
    problems = [f"{entry['what']} at {entry['machine']}: {', '.join(entry['left'])}" for entry in left if entry["left"]]
    problems += [f"{name} did not answer, so what is left there is not known" for name in _silent(run)
                 if name not in built.machines(run.plan)]
    problems += cloud.left(run)
    problems += [f"{e.get('unit') or e.get('machine')}: {e.get('msg', e['state'])}" for e in _bad(run)]
    return {"left": left, "problems": list(dict.fromkeys(problems))}


def _swept(run: Run) -> Event:
    problems = [f"{e.get('machine')}: {e.get('msg', e['state'])}" for e in _bad(run)]
    # A sweep of drills leaves the standby itself where it is.
    whole = (run.facts.get("sweep") or {}).get("everything")
    return {"problems": list(dict.fromkeys([*problems, *(cloud.left(run) if whole else cloud.overdue(run))]))}


def _silent(run: Run) -> list[str]:
    """Machines that did not answer and are missed: what is built only for an activation is not, before one."""
    absent = run.facts.get("absent") or ()
    return sorted(name for name, answers in (run.facts.get("reachable") or {}).items()
                  if not answers and name not in absent)


def _verified(run: Run) -> Event:
    counts = standing.verified(run)
    good = counts["tests"] > 0 and counts["passed"] == counts["tests"]
    return {"verification": counts, "problems": [] if good else (counts["problems"] or ["not all checks passed"])}


def _bad(run: Run) -> list[Event]:
    return [event for event in run.tasks if event["state"] in ("failed", "unreachable")]


DRIVERS: dict[str, Callable[[Run], Event]] = {
    "activate": _activated, "failback": _activated, "status": _looked_at, "build": _built,
    "teardown": _torn_down, "sweep": _swept, "verify": _verified}


def compute(plan: dict[str, Any], events: Sequence[Event], sources: Optional[Event] = None) -> Event:
    """The report as data (`schemas/report/v1.schema.json`). `ok`: the driver's promise was seen to be kept.

    `sources` are the digests of the files that plan and events were read from, where they were.
    """
    run = Run(plan, events)
    body = DRIVERS[run.driver](run) if run.facts else {"problems": [_refusal(run)]}
    if run.facts and run.ended is None:
        body["problems"] = [*body["problems"], "the run did not end: what came after this was not done"]
    found = {
        "schema": SCHEMA, "policy": plan["policy"]["id"], "digest": plan["policy"]["digest"],
        "language": plan["policy"].get("language") or "en", "name": plan["policy"]["name"],
        "run": {**{key: run.facts.get(key) for key in KEPT}, "driver": run.driver, "started": run.started,
                "ended": run.ended, "last_event": run.last},
        "ok": not body["problems"], "notes": [*run.notes(), *standing.kept(run)], "clocks": run.offsets(),
        "silent": _silent(run),
        "units": [_unit(run, unit) for unit in run.plan["units"] if run.facts], **body,
        "timezone": plan["policy"].get("timezone") or "UTC", "refused": _refused(run), "stages": trail.stages(run),
        "people": account.people(run), "tools": account.tools(run), "recovered": account.recovered(run),
        "sources": dict(sources or {}),
    }
    in_cloud = cloud.told(run)
    found.update({"cloud": in_cloud} if in_cloud else {})
    moved = brought.home(run)
    found.update({"brought_home": moved} if moved else {})
    return {**found, "unverified": doubts.doubts(run, found)}


def _unit(run: Run, unit: Event) -> Event:
    served = run.unit(unit["id"]) or {}
    began, ended = served.get("began"), served.get("ended")
    return {"id": unit["id"], "word": run.word(unit["id"]), "began": began,
            "seconds": round(ended - began, 2) if began and ended else None, "why": run.why(unit["id"])}


def _refusal(run: Run) -> str:
    return next((str(event["msg"]) for event in run.tasks if event.get("msg")), "The run ended before the guard.")


def _refused(run: Run) -> Optional[str]:
    """Why the guard did not let the run go on, so that nothing was touched; None when it did."""
    refused = [event for event in run.tasks if event["state"] == "failed" and event["phase"] == "guard"]
    acted = any(event["event"] == "phase" and event["phase"] not in ("guard", "report") for event in run.events)
    return str(refused[0].get("msg") or "") if refused and not acted else None


def of_folder(folder: Union[str, Path]) -> Event:
    """The report of the run in `folder`, whose plan lies two floors up, beside `runs/`. Raises FileNotFoundError."""
    return read(folder)[0]


def read(folder: Union[str, Path]) -> tuple[Event, list[Event]]:
    """`of_folder`, and the events that can be followed (see `trail.events`).

    Raises FileNotFoundError when there is no plan or journal, ValueError when one of them is not what it should be.
    """
    path = Path(folder).resolve()
    home = path.parent.parent
    plan = runs.read_json(home / "plan.json")
    if plan is None:
        raise FileNotFoundError(f"{home / 'plan.json'} is missing: a report needs the plan beside the runs.")
    if not isinstance(plan, dict) or plan.get("schema") != PLAN:
        raise ValueError(f"{home / 'plan.json'} is not a {PLAN}.")
    events = journal.read(path)
    files = {"plan": home / "plan.json", "journal": path / journal.FILE, "manifest": home / "MANIFEST.sha256"}
    digests = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items() if file.is_file()}
    return compute(plan, events, {**digests, "events": len(events)}), trail.events(Run(plan, events))


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `report`: print the report of a run. Exit code 0 when the promise was kept, else 1."""
    from bascule_runtime import page, text

    parser = argparse.ArgumentParser(prog="bascule_runtime report", description="Print the report of a run.")
    parser.add_argument("folder", help="runs/ID, or a compiled folder: its newest run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--language", "--lang", choices=("fr", "en"))
    parser.add_argument("--html", action="store_true", help="write the page of the run too, in its folder")
    given = parser.parse_args(arguments)
    folder = Path(given.folder)
    folder = (runs.latest(folder / "runs") or folder) if (folder / "runs").is_dir() else folder
    try:
        report = of_folder(folder)
        if given.html:
            page.write(folder, given.language)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n" if given.json
                     else text.render(report, given.language))
    return 0 if report["ok"] else 1
