# SPDX-License-Identifier: Apache-2.0
"""What the other drivers end with: protection as it stands, what was built, what is left, what was verified."""

from __future__ import annotations

from typing import Optional

from bascule_runtime import places
from bascule_runtime.events import Event, Run


def protected(run: Run) -> list[Event]:
    """One entry for each system in scope: newest point, its age (seconds, when it was looked at), problems."""
    return [_system(run, name) for name in run.scope("system")]


def _system(run: Run, name: str) -> Event:
    unit, system = f"system.{name}", run.plan["systems"][name]
    looked = next((e for e in run.evidence(unit, "points")), None)
    # Both sides are looked at; each says what is wrong with it.
    statuses = [event["evidence"] for event in run.evidence(unit, "status")]
    damaged = {name for entry in statuses for name in entry.get("damaged") or []}
    listed = [one for one in (looked or {}).get("evidence", {}).get("points") or [] if one["id"] not in damaged]
    points = sorted(listed, key=lambda point: -float(point["at"]))
    # What only listed the points did not read them.
    lags = [entry.get("lag_s") for entry in [*statuses, *([] if damaged else [(looked or {}).get("evidence", {})])]]
    lag = min((float(value) for value in lags if value is not None), default=None)
    problems = dict.fromkeys(str(text) for entry in statuses for text in entry.get("problems") or [])
    newest = float(points[0]["at"]) if points else None
    now = float(looked["t"]) if looked else run.last
    ages = [value for value in (now - newest if newest else None, lag) if value is not None]
    why = run.why(unit)
    age = round(max(0.0, min(ages)), 1) if points else None
    held = {"newest_at": newest, "age_s": age, "bytes": sum(int(point.get("bytes") or 0) for point in points) or None}
    there = places.of_system(run, name, held) if system.get("protections") else []
    return {
        "id": name, "keeps_data": bool(system.get("protections")), "points": points[:20], "newest_at": newest,
        "age_s": age, "lag_s": lag,
        "protected": bool(points) or not system.get("protections"),
        "places": there, "unprotected_since": places.unprotected_since(run, name, there),
        "problems": [*problems, *places.problems(run, name), *([why] if why else [])],
        "blocking": [str(text) for entry in statuses for text in entry.get("blocking") or []],
        "unmet": [str(text) for entry in statuses for text in entry.get("unmet") or []],
        "versions": {key: value for entry in statuses for key, value in (entry.get("versions") or {}).items()},
    }


def controllers(run: Run) -> list[Event]:
    """What keeps a recovery from being run from each controller away from the primary, as `{"id", "problems"}`."""
    found = []
    for name, entry in run.plan["controllers"].items():
        if entry["site"] == "primary" or not entry["machine"]:
            continue
        looked = [event["evidence"]["problems"] for event in run.tasks if event.get("step") == "status"
                  and event.get("machine") == entry["machine"] and "unit" not in event and event.get("evidence")]
        found.append({"id": name, "problems": looked[-1] if looked else [f"{entry['machine']} does not answer"]})
    return found


def outlook(run: Run) -> list[Event]:
    """For each activity, what an activation now would do: predicted time and loss beside its targets."""
    systems = {entry["id"]: entry for entry in protected(run)}
    return [_outlook(run, name, systems) for name in run.scope("activity")]


def _outlook(run: Run, name: str, systems: dict[str, Event]) -> Event:
    activity = run.plan["activities"][name]
    ours = [systems[system] for system in activity["systems"] if system in systems]
    target = activity.get("target") or {}
    predicted = ((activity.get("predicted") or {}).get("rto") or {}).get("seconds")
    limit, keeping = float(target.get("rpo_s") or 0), [entry for entry in ours if entry["keeps_data"]]
    ages = [places.usable_s(run, entry) for entry in keeping]
    known = [age_s for age_s in ages if age_s is not None]
    age: Optional[float] = None if len(known) < len(ages) else max(known, default=0.0)
    stale = [entry for entry, age_s in zip(keeping, ages) if age_s is None or age_s > limit]
    since = min((at for entry in stale if (at := places.since(run, entry, limit))), default=None)
    silent = _silent(run, activity)
    why = [f"{entry['id']}: {text}" for entry in ours for text in entry["problems"]]
    why += [f"{machine} does not answer." for machine in silent]
    why += [f"{entry['id']} has no recovery point." for entry in ours if not entry["protected"]]
    in_time = predicted is not None and target.get("rto_s") is not None and predicted <= target["rto_s"]
    goes = not silent and not any(entry["blocking"] for entry in ours)
    return {"id": name, "name": activity["name"], "target": target, "predicted_rto_s": predicted, "age_s": age,
            "keeps_rto": bool(in_time and goes), "keeps_rpo": not stale, "unprotected_since": since, "why": why}


def _silent(run: Run, activity: Event) -> list[str]:
    # Which side an activation would move to: the one that does not serve the activity now.
    serving = (run.facts.get("directions") or {}).get(f"activity.{activity['id']}", "primary")
    side = "standby" if serving == "primary" else "primary"
    machines = [run.plan["systems"][system]["machines"].get(side) for system in activity["systems"]]
    reachable = run.facts.get("reachable") or {}
    absent = run.facts.get("absent") or ()
    return sorted({str(name) for name in machines if name and not reachable.get(name) and name not in absent})


def left(run: Run) -> list[Event]:
    """What each system or machine still has of ours after `forget`: `{"what", "machine", "left"}`."""
    looked = [e for e in run.tasks if e.get("step") == "forget" and e["state"] == "ok" and "evidence" in e]
    return [{"what": event.get("unit") or event.get("machine"), "machine": event.get("machine"),
             "left": event["evidence"].get("left") or []} for event in looked]


def link(run: Run) -> list[str]:
    """Sentences on what stands in the way of packets to a site in a cloud, as far as the link was probed."""
    looked = [event["evidence"] for event in run.tasks if event.get("step") == "probe" and event.get("evidence")]
    return [str(text) for evidence in looked for text in evidence.get("problems") or []]


def kept(run: Run) -> list[str]:
    """Sentences on copies that a teardown left at the third place."""
    found = [event["evidence"]["kept"] for event in run.tasks
             if event.get("step") == "forget" and (event.get("evidence") or {}).get("kept")]
    return [f"Copies were kept on {entry['place']} in {entry['folder']}, {int(entry['bytes'] or 0)} bytes. They may be "
            "the last: remove them by hand when nobody needs them." for entry in found]


def verified(run: Run) -> Event:
    """Counts of the verification: `{"tests", "passed", "failed", "skipped", "problems"}`; zeros when it did not run."""
    for event in reversed(run.tasks):
        if "tests" in (event.get("evidence") or {}):
            return dict(event["evidence"])
    return {"tests": 0, "passed": 0, "failed": 0, "skipped": 0, "problems": []}
