# SPDX-License-Identifier: Apache-2.0
"""Where the copies of a system are, how old the newest is at each place, and since when its site is not protected.

What counts is what is *away* from the site that serves: a copy on the same site is lost with it.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from bascule_runtime import scope
from bascule_runtime.events import Event, Run

# A copy that is this much older than promised is not late yet: it is on its way.
SLACK_S = 60.0
# How the place is told that is no machine.
BUCKET = "bucket"


def of_system(run: Run, name: str, standby: Event) -> list[Event]:
    """One entry for each place: `{"place", "at", "newest_at", "age_s", "bytes", "away"}`.

    `at` is `primary`, `standby` or `third`; `bytes` is None where nobody counts them. `standby` holds the last three of
    these for the standby, where the run looked. The primary is a place while it follows the standby, which serves.
    """
    system, serving = run.plan["systems"][name], _serving(run, name)
    if scope.in_bucket(system):
        # It is at the standby's site, and lost with no machine.
        found = [_place(BUCKET, "standby", standby, True)]
    else:
        found = [_place(system["machines"]["standby"], "standby", standby, serving == "primary")]
    live = _live(run, name) if serving == "standby" else None
    if live:
        found.append(_place(system["machines"]["primary"], "primary", {"newest_at": live, "age_s": 0.0}, True))
    if system.get("third"):
        found.append(_place(system["third"]["machine"], "third", third_of(run, name), True))
    return found


def usable_s(run: Run, entry: Event) -> Optional[float]:
    """The age of the newest copy that is left when the site that serves is lost; None when there is none.

    While the primary serves, an activation takes what is at the standby; what is on the standby is lost with it.
    """
    if _serving(run, entry["id"]) == "primary":
        return None if entry["age_s"] is None else float(entry["age_s"])
    ages = (place["age_s"] for place in entry["places"] if place["away"])
    return min((float(age) for age in ages if age is not None), default=None)


def since(run: Run, entry: Event, limit_s: float) -> Optional[float]:
    """Since when an activity that may lose `limit_s` is not protected, by a system whose copy is older than that."""
    if _serving(run, entry["id"]) == "primary":
        return None if entry["newest_at"] is None else float(entry["newest_at"])
    return unprotected_since(run, entry["id"], entry["places"], limit_s)


def _serving(run: Run, name: str) -> str:
    return str((run.facts.get("serving") or {}).get(name) or "primary")


def _place(machine: str, at: str, known: Event, away: bool) -> Event:
    facts = {key: known.get(key) for key in ("newest_at", "age_s", "bytes")}
    return {"place": machine, "at": at, **facts, "away": away}


def _live(run: Run, name: str) -> Optional[float]:
    """When the primary was seen to follow the standby without a fault."""
    for event in run.evidence(f"system.{name}", "status"):
        if event["evidence"].get("role") == "replica" and not event["evidence"].get("problems"):
            return float(event["t"])
    return None


def third_of(run: Run, name: str) -> Event:
    """What the third place said of a system in this run; empty when it did not."""
    for step in ("look", "fetch"):
        found = run.found(f"system.{name}", step)
        if found.get("place"):
            return found
    return {}


def problems(run: Run, name: str) -> list[str]:
    """Sentences about the third place of a system."""
    third = run.plan["systems"][name].get("third")
    if not third or run.driver not in ("status", "build"):
        return []
    if not (run.facts.get("reachable") or {}).get(third["machine"]):
        return [f"{third['machine']}, the third place, does not answer."]
    return [str(text) for text in third_of(run, name).get("problems") or []]


def unprotected_since(run: Run, name: str, places: list[Event], limit_s: Optional[float] = None) -> Optional[float]:
    """Since when nothing protects a system against the loss of the site that serves it; None while something does.

    That is the moment of the newest copy that is away, once it is older than promised (than `limit_s`, where given);
    with no copy away, when the site began to serve, as the marker says, else the start of this run.
    """
    system: dict[str, Any] = run.plan["systems"][name]
    if not system.get("protections"):
        return None
    ordinary = ((system.get("predicted") or {}).get("rpo") or {}).get("seconds") or 0
    promised = {"standby": ordinary, "primary": ordinary, "third": (system.get("third") or {}).get("rpo_s")}
    away = [entry for entry in places if entry["away"] and entry["newest_at"] is not None]
    if any(entry["age_s"] <= (float(promised[entry["at"]] or 0) + SLACK_S if limit_s is None else limit_s)
           for entry in away):
        return None
    if away:
        return max(float(entry["newest_at"]) for entry in away)
    markers = [event["evidence"]["groups"].get(system.get("group")) for event in run.tasks
               if event.get("step") == "look" and "groups" in (event.get("evidence") or {})]
    serving = [marker for marker in markers if marker and marker.get("serving") == _serving(run, name)]
    return max((float(marker["at"]) for marker in serving if marker.get("at")), default=run.started)


def several(report: Mapping[str, Any]) -> list[tuple[str, Event]]:
    """The places of each system of a report, by its id; nothing where copies are in one kind of place only."""
    found = [(str(entry["id"]), place) for entry in report["systems"] for place in entry.get("places") or []]
    return found if len({place["at"] for _id, place in found}) > 1 else []


def size(count: Optional[float]) -> str:
    """`12 kB`, `3.4 MB`, `2.0 GB`; a dash for None."""
    for unit, of in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count is not None and count >= of:
            return f"{count / of:.1f} {unit}"
    return "–" if count is None else f"{count:.0f} B"
