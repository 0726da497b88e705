# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard writes into `run.json`: the request as understood, what answers, and who serves."""

from __future__ import annotations

import getpass
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Mapping, Optional
from zoneinfo import ZoneInfo

from ansible_collections.bascule.continuity.plugins.plugin_utils import _copies, _doors, _refused_sweep, _return
from ansible_collections.bascule.continuity.plugins.plugin_utils._copies import RefusedError as RefusedError
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built, reach, runs, scope

# Which side is to serve at the end of each driver; None: the one that serves now, group by group.
DIRECTIONS = {"activate": "standby", "failback": "primary", "teardown": "primary", "sweep": "primary",
              "build": None, "verify": None, "status": None}
LOCKING = frozenset({"activate", "failback", "build", "teardown", "sweep"})


def moment(text: str, zone: str) -> float:
    """Seconds since the epoch of a number or a time such as 2026-11-23T18:15; without an offset, in `zone`."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise RefusedError("bad-time", f"since={text} is not a time. Write it as 2026-11-23T18:15.") from None
    return (when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone))).timestamp()


def typed(variable: str) -> Optional[str]:
    """What a person typed, to the byte, or None when that is nothing but blanks.

    Bytes that are no UTF-8 (a terminal with another character set) are written as \\xNN: JSON and files hold text only,
    and on that day nobody is sent back over an accent.
    """
    text = os.fsencode(os.environ.get(variable, "")).decode("utf-8", "backslashreplace")
    return text if text.strip() else None


def controller() -> dict[str, Any]:
    """Who holds a lock: this computer and this process, so that a later run can see that it has ended."""
    pid = os.getppid()
    try:
        identity = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except OSError:
        identity = ""
    return {"controller": socket.gethostname(), "user": getpass.getuser(), "machine_id": identity, "pid": pid,
            "pid_start": process_start(pid)}


def process_start(pid: int) -> str:
    """When process `pid` began, in ticks as text; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def has_ended(holder: Mapping[str, Any]) -> bool:
    """Whether the run that holds a lock is known to have ended: it ran on this computer and its process is gone."""
    ours = controller()
    if (holder.get("machine_id"), holder.get("controller")) != (ours["machine_id"], ours["controller"]):
        return False
    return process_start(int(holder["pid"])) != holder.get("pid_start")


def request(driver: str, plan: dict[str, Any], wanted: Mapping[str, Any], folder: Path, check: bool) -> dict[str, Any]:
    """The first `run.json`: scope, scenario, point, reason. Raises RefusedError when the request makes no sense."""
    def given(key: str) -> str:
        return str(wanted.get(key) or "").strip()

    name = "planned" if driver == "failback" else given("scenario") or "lost"
    try:
        about, mode = scope.resolve(plan, given("only")), scope.mode(plan, name)
    except scope.OutOfScopeError as error:
        raise RefusedError("out-of-scope", str(error)) from None
    since = given("since")
    run = {
        "id": folder.name, "driver": driver, "pid": os.getppid(), "direction": _direction(driver),
        "scenario": {"name": name, "mode": mode}, "point": given("recovery_point") or None,
        "scope": {"units": list(about.units), "activities": list(about.activities), "groups": list(about.groups)},
        "declared": typed("BASCULE_DECLARE"), "unfenced": typed("BASCULE_UNFENCED"),
        "since": moment(since, plan["policy"].get("timezone") or "UTC") if since else None,
        "copies": given("copies") or None, "sweep": _refused_sweep.wish(driver, plan, wanted),
        "takeover": given("takeover") or None, "restart": given("restart") or None, "check": check,
        "started": time.time(), "notes": list(about.notes), "holder": controller(),
    }
    if driver == "activate":
        _asked_to_activate(run)
    _copies.refuse_senseless(plan, run)
    return run


def _direction(driver: str) -> str:
    return DIRECTIONS[driver] or "primary"


def _asked_to_activate(run: dict[str, Any]) -> None:
    if not run["declared"] and not run["check"]:
        raise RefusedError("undeclared", "Nobody has declared the disaster. Say why in the environment: "
                           "BASCULE_DECLARE='fire in the server room' ansible-playbook dr-activate.yml")
    if run["scenario"]["mode"] == "compromise" and not run["point"]:
        raise RefusedError("no-point", "In a compromise the newest copy may be damaged: choose a recovery point from "
                           "before it, -e recovery_point=ID. dr-status.yml lists them.")


def about(run: dict[str, Any]) -> scope.Scope:
    """The scope in `run.json`, as the runtime's own type."""
    entry = run["scope"]
    return scope.Scope(tuple(entry["units"]), tuple(entry["activities"]), tuple(entry["groups"]), ())


def look(plan: dict[str, Any], run: dict[str, Any]) -> None:
    """Ask all machines of the scope at once whether they answer; add `reachable` and `silent_but_serving` to `run`."""
    away = scope.other(run["direction"]) if run["driver"] == "activate" else None
    hostile = away and run["scenario"]["mode"] == "compromise"
    never = set(scope.machines(plan, about(run), (str(away),))) if hostile else set()
    others = [*plan.get("observers", {}).values(), *plan.get("controllers", {}).values()]
    names = [*scope.machines(plan, about(run)), *(entry["machine"] for entry in others if entry["machine"]),
             *scope.third_places(plan, about(run)), *scope.link_ends(plan)]
    asked = [name for name in dict.fromkeys(names) if name not in never]
    services = _doors.of_users(plan, about(run), away) if away and not never else {}
    left = set(scope.machines(plan, about(run), (away,))) if away else set(asked)
    # Who is dead is only known after the whole time limit, so both questions are asked at once.
    with ThreadPoolExecutor(1) as beside, _doors.logging_in([name for name in asked if name not in left], Path()):
        serving = beside.submit(reach.answering, services, banner=b"")
        states = _doors.states(plan, asked, Path())
    run["reachable"] = {name: states.get(name) == reach.ANSWERS for name in dict.fromkeys(names)}
    run["absent"] = built.absent(plan, run)
    run["notes"] += [f"{name} hangs: it takes connections and says nothing." + (
        " It may wake up and serve: switch it off." if plan["machines"][name]["site"] == away else "")
        for name, state in states.items() if state == reach.HANGS]
    run["untouched"] = sorted(never)
    run["silent_but_serving"] = [
        system for system, answers_users in serving.result().items()
        if answers_users and not run["reachable"][plan["systems"][system]["machines"][away]]]


def refuse_seen(plan: dict[str, Any], run: dict[str, Any]) -> None:
    """Raise RefusedError when what answers forbids the run."""
    if run["driver"] == "failback":
        run["staying"] = _return.staying(plan, about(run), run)
        refuse_if_nobody(plan, run)
    if run["driver"] != "activate":
        return
    _copies.refuse_seen(plan, run)
    serving = run["silent_but_serving"]
    if serving and not run["unfenced"]:
        side = scope.other(run["direction"])
        raise RefusedError("unfenced", f"The {side} still answers users ({', '.join(serving)}) "
                           "and its machines cannot be reached to stop it: two sites would serve. Stop it by hand, or "
                           "say why that is accepted: BASCULE_UNFENCED='…'.")
    away = scope.machines(plan, about(run), (scope.other(run["direction"]),))
    silent = [name for name in away if not run["reachable"][name]]
    if run["scenario"]["mode"] == "planned" and silent:
        raise RefusedError("not-planned", f"A planned switch takes the last data along, and {', '.join(silent)} cannot "
                           "be reached. Bring them back, or use -e scenario=lost and lose what was not copied.")


def refuse_if_nobody(plan: dict[str, Any], run: dict[str, Any]) -> None:
    """Raise RefusedError when a return can bring nothing home."""
    sentence = _return.nobody(plan, about(run), run)
    if sentence:
        raise RefusedError("not-back", sentence)


def settle(plan: dict[str, Any], run: dict[str, Any], folder: Path) -> None:
    """Add who serves now (`serving` by system, `directions` by unit, `epochs` by group): from what machines hold."""
    seen = runs.seen_machines(folder)
    run["locked_out"] = {path.stem: runs.read_json(path) for path in sorted((folder / "locked-out").glob("*.json"))}
    run["notes"] = list(run["locked_out"].values())
    run["fresh"] = _doors.fresh(plan, run, seen)
    # Machines that were replaced serve nothing, whatever was known of those that stood there.
    run["serving"] = {name: "primary" if run.get("copies") or system["machines"].get("standby") in run["fresh"]
                      else _serves(system, seen) for name, system in plan["systems"].items()}
    if run["driver"] == "failback":
        barred = [name for name in scope.machines(plan, about(run)) if run["reachable"][name] and name not in seen]
        run["staying"] = _return.staying(plan, about(run), run, barred)
        run["reachable"].update(dict.fromkeys(barred, False))
        refuse_if_nobody(plan, run)
    run["epochs"] = {group: _epoch(plan, group, seen, run) for group in plan["groups"]}
    run["directions"] = {unit["id"]: _unit_direction(plan, unit, run) for unit in plan["units"]}
    moved = [system["id"] for system in scope.systems(plan, about(run)) if run["serving"][system["id"]] == "standby"]
    _copies.refuse_empty(plan, run, seen)
    if moved and (run["driver"] == "teardown" or run["sweep"]["everything"]):
        raise RefusedError("serves", f"The standby serves {', '.join(moved)}. Bring them back first: dr-failback.yml.")


def _markers(system: dict[str, Any], seen: dict[str, Any]) -> list[dict[str, Any]]:
    # The third place knows it too: it outlives both sides.
    third = (system.get("third") or {}).get("machine")
    groups = [(seen.get(name) or {}).get("groups") or {} for name in (*system["machines"].values(), third)]
    return [entry[system["group"]] for entry in groups if system["group"] in entry]


def _serves(system: dict[str, Any], seen: dict[str, Any]) -> str:
    """The side that serves a system: what the newest marker on its machines says; the primary when there is none."""
    newest = max(_markers(system, seen), key=lambda marker: int(marker["epoch"]), default=None)
    if not newest:
        return "primary"
    if system["id"] in newest.get("systems", [system["id"]]):
        return str(newest["serving"])
    return scope.other(newest["serving"])


def _epoch(plan: dict[str, Any], group: str, seen: dict[str, Any], run: dict[str, Any]) -> int:
    """The epoch that this run writes: the newest one if it already moved in our direction, else a higher one.

    It is the clock, so that it is higher than those of before also where nobody who knew them answers: machines that a
    cloud made for this run hold no marker, and a primary that comes back must not take what moved since for older.
    """
    markers = [m for name in plan["groups"][group]["systems"] for m in _markers(plan["systems"][name], seen)]
    newest = max(markers, key=lambda marker: int(marker["epoch"]), default=None)
    if newest and newest["serving"] == run["direction"]:
        return int(newest["epoch"])
    return max(int(newest["epoch"]) + 1 if newest else 1, int(run["started"]))


def _unit_direction(plan: dict[str, Any], unit: dict[str, Any], run: dict[str, Any]) -> str:
    fixed = DIRECTIONS[run["driver"]]
    if fixed:
        return fixed
    group = scope.group_of(plan, unit)
    names = [unit["subject"]] if unit["kind"] == "system" else plan["groups"][group]["systems"]
    # A group is where any part of it has moved to: the rest follows.
    return "standby" if "standby" in {run["serving"][name] for name in names} else "primary"
