# SPDX-License-Identifier: Apache-2.0
"""What a run is about: which units, activities, machines and secrets, and what a unit needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Optional
from urllib.parse import urlsplit

from bascule_runtime import built, secrets

Plan = dict[str, Any]
SIDES = ("primary", "standby")
MODES = {"lost": "loss", "planned": "planned", "compromise": "compromise"}


class OutOfScopeError(Exception):
    """What was asked for is not in the plan; the text is a sentence for the user."""


@dataclass(frozen=True)
class Scope:
    """Units and activities by id, in the plan's order; `notes` are sentences about what was added."""

    units: tuple[str, ...]
    activities: tuple[str, ...]
    groups: tuple[str, ...]
    notes: tuple[str, ...]


def other(side: str) -> str:
    """The other one of `primary` and `standby`."""
    return SIDES[1 - SIDES.index(side)]


def resolve(plan: Plan, only: str = "") -> Scope:
    """The scope of a run; `only` is an activity's id (or several, with commas) that narrows it to their switch groups.

    Raises OutOfScopeError when the plan has no such activity.
    """
    if not only:
        return Scope(tuple(unit["id"] for unit in plan["units"]), tuple(plan["activities"]), tuple(plan["groups"]), ())
    asked = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in asked if name not in plan["activities"]]
    if unknown or not asked:
        raise OutOfScopeError(f"only={only}: the plan has no activity {', '.join(unknown) or 'of that name'}. "
                         f"It has: {', '.join(plan['activities'])}.")
    groups = tuple(dict.fromkeys(plan["activities"][name]["group"] for name in asked))
    activities = tuple(name for name in plan["activities"] if plan["activities"][name]["group"] in groups)
    added = [name for name in activities if name not in asked]
    notes = (f"only={only} was widened to {', '.join(activities)}: these activities share systems and can only move "
             "together.",) if added else ()
    return Scope(tuple(u["id"] for u in plan["units"] if group_of(plan, u) in groups), activities, groups, notes)


def group_of(plan: Plan, unit: dict[str, Any]) -> Optional[str]:
    """The switch group that a unit belongs to, or None for a system that no activity uses."""
    if unit["kind"] == "switch":
        return str(unit["subject"])
    owner = plan["systems" if unit["kind"] == "system" else "activities"][unit["subject"]]
    group = owner.get("group")
    return None if group is None else str(group)


def mode(plan: Plan, scenario: str) -> str:
    """`loss`, `planned` or `compromise` for the name of a scenario or risk. Raises OutOfScopeError for others."""
    declared = plan.get("scenarios", {}).get(scenario)
    if declared:
        return str(declared["mode"])
    if scenario in MODES:
        return MODES[scenario]
    known = ", ".join(sorted({*MODES, *plan.get("scenarios", {})}))
    raise OutOfScopeError(f"scenario={scenario}: the plan knows no such scenario. It knows: {known}.")


def systems(plan: Plan, scope: Scope) -> list[dict[str, Any]]:
    """The plan's entries of the systems in scope, in order."""
    return [plan["systems"][u["subject"]] for u in plan["units"] if u["kind"] == "system" and u["id"] in scope.units]


def machines(plan: Plan, scope: Scope, sides: tuple[str, ...] = SIDES) -> list[str]:
    """Machines of the systems in scope at `sides`, each once, in the plan's order."""
    wanted = {system["machines"].get(side) for system in systems(plan, scope) for side in sides}
    return [name for name in plan["machines"] if name in wanted]


def third_places(plan: Plan, scope: Scope) -> list[str]:
    """Machines at neither site that fetch copies of the systems in scope, each once."""
    return list(dict.fromkeys(system["third"]["machine"] for system in systems(plan, scope) if system.get("third")))


def needed_secrets(plan: Plan, scope: Scope, sides: tuple[str, ...] = SIDES) -> list[str]:
    """Names of the secrets that the scope needs at `sides`: keys of machines, of copies, of the switch, of checks."""
    ours = [*machines(plan, scope, sides), *(o["machine"] for o in plan.get("observers", {}).values()),
            *third_places(plan, scope)]
    clouds = built.sites(plan).values() if "standby" in sides else ()
    return secrets.named([
        [cloud["state"] for cloud in clouds],
        [plan["machines"][name] for name in ours], systems(plan, scope),
        plan.get("switch") if scope.groups else None, [plan["activities"][name] for name in scope.activities],
    ])


def link_ends(plan: Plan) -> list[str]:
    """Machines at which tunnels to a site in a cloud end."""
    links = [cloud["link"] for cloud in built.sites(plan).values() if cloud.get("link")]
    return [name for link in links for name in (str(link["through"]), *link["peers"])]


def link_secrets(plan: Plan) -> list[str]:
    """Names of the keys of these tunnels. A recovery goes on without them: what stands beside a tunnel needs none."""
    return secrets.named([cloud["link"] for cloud in built.sites(plan).values() if cloud.get("link")])


def writer_secrets(plan: Plan) -> list[str]:
    """Names of the two halves of the key with which copies are written to a bucket. A recovery needs neither."""
    return secrets.named([(cloud.get("copies") or {}).get("writer") for cloud in built.sites(plan).values()])


def predecessors(plan: Plan, unit: str, within: tuple[str, ...], reverse: bool = False, kinds: tuple[str, ...] = ()
                 ) -> list[str]:
    """Units within the scope that must have ended before `unit` may begin; `reverse` walks the graph backwards."""
    entry = next(u for u in plan["units"] if u["id"] == unit)
    ids = [u["id"] for u in plan["units"] if unit in u["after"]] if reverse else entry["after"]
    kind = {u["id"]: u["kind"] for u in plan["units"]}
    return [name for name in ids if name in within and (not kinds or kind[name] in kinds)]


def movers(plan: Plan, run: dict[str, Any], group: Optional[str]) -> list[str]:
    """Units of the systems of the group that are to move in this run; `run` is its `run.json`."""
    serving = run.get("serving", {})
    return [unit["id"] for unit in plan["units"] if unit["kind"] == "system" and group_of(plan, unit) == group
            and unit["id"] in run["scope"]["units"] and serving.get(unit["subject"]) != run["direction"]]


def needs(plan: Plan, run: dict[str, Any], unit: str, after: str = "graph") -> list[str]:
    """Whom `unit` waits for at a gate of this run: those that the graph says, either way round (`dependents`), those
    before it on a `machine`, all that move with it (`group`), the activities whose `turn` is before (and dependents),
    or `nobody`."""
    within = tuple(run["scope"]["units"])
    if after == "machine":
        return before_on_machine(plan, unit, within)
    if after == "nobody":
        return []
    if after == "group":
        return movers(plan, run, group_of(plan, next(u for u in plan["units"] if u["id"] == unit)))
    earlier = before_in_turn(plan, run, unit) if after == "turn" else []
    backwards = after in ("dependents", "turn")
    return [*predecessors(plan, unit, within, backwards, ("system",) if backwards else ()), *earlier]


def by_urgency(plan: Plan, groups: Iterable[str]) -> list[str]:
    """Switch groups, the one with the shortest recovery time objective first."""
    return sorted(groups, key=lambda name: min(
        plan["activities"][one]["target"]["rto_s"] for one in plan["groups"][name]["activities"]))


def before_in_turn(plan: Plan, run: dict[str, Any], unit: str) -> list[str]:
    """Activities that come home before the group of a system is held, the most urgent group first.

    Each is then out for as long as its own move takes, not for as long as all of them take side by side.
    """
    group = group_of(plan, next(entry for entry in plan["units"] if entry["id"] == unit))
    if group is None or run.get("check"):
        return []
    order = by_urgency(plan, run["scope"]["groups"])
    before = order[:order.index(group)]
    return [f"activity.{name}" for name in run["scope"]["activities"] if plan["activities"][name]["group"] in before]


def before_on_machine(plan: Plan, unit: str, within: tuple[str, ...]) -> list[str]:
    """Systems' units in scope that come earlier in the plan and share a machine with `unit`."""
    found: list[str] = []
    mine: set[str] = set()
    for entry in reversed(plan["units"]):
        if entry["kind"] != "system":
            continue
        machines = set(plan["systems"][entry["subject"]]["machines"].values())
        if entry["id"] == unit:
            mine = machines
        elif mine & machines and entry["id"] in within:
            found.append(entry["id"])
    return found


def tied(plan: Plan, system: str) -> list[str]:
    """Systems that are recovered to one moment with `system`: those of `consistent_with`, both ways and onward."""
    found, fresh = {system}, [system]
    while fresh:
        name = fresh.pop()
        near = {*plan["systems"][name]["consistent_with"],
                *(other for other, entry in plan["systems"].items() if name in entry["consistent_with"])}
        fresh += sorted(near - found)
        found |= near
    return sorted(found - {system})


def view(plan: Plan, unit: str, direction: str) -> dict[str, Any]:
    """What the steps of `unit` need to know when `direction` (`primary`, `standby`) is to serve: see docs of `gate`."""
    entry = dict(next(u for u in plan["units"] if u["id"] == unit))
    away = other(direction)
    entry.update(direction=direction, serving=direction, here_site=direction, there_site=away,
                 group=group_of(plan, entry), policy=plan["policy"]["id"])
    if entry["kind"] == "system":
        system = plan["systems"][entry["subject"]]
        entry.update(system=system, machines=system["machines"], here=system["machines"][direction],
                     there=system["machines"].get(away), shared=_shared(plan, system, direction),
                     points_site=direction if in_bucket(system) else "standby")
    elif entry["kind"] == "switch":
        entry.update(group=plan["groups"][entry["subject"]], switch=plan["switch"])
    else:
        activity = plan["activities"][entry["subject"]]
        entry.update(activity=activity, observers=observers(plan), system_heartbeats=activity["systems"])
    return entry


def in_bucket(system: dict[str, Any]) -> bool:
    """Whether the copies of a system are in a bucket, which both sides reach, and not on the machine of the standby."""
    return any(entry.get("place") == "bucket" for entry in system.get("protections") or ())


def _shared(plan: Plan, system: dict[str, Any], direction: str) -> dict[str, Any]:
    """What a look at both sides needs: `elsewhere`, addresses of the machines of the side that serves, by name;
    `https`, names and ports under which the system's activities are asked; `licence_files`, those of its licences."""
    asked = [check["url"] for activity in plan["activities"].values() if system["id"] in activity["uses"]
             for check in activity["usable_when"] if str(check.get("url", "")).startswith("https://")]
    licences = ((plan.get("firm") or {}).get("licences") or {}).values()
    files = {entry.get("file") for entry in licences if system["id"] in entry["of"]}
    return {
        "elsewhere": {name: entry["address"] for name, entry in plan["machines"].items() if entry["site"] == direction},
        "https": sorted({f"{url.hostname}:{url.port or 443}" for url in map(urlsplit, asked)}),
        "licence_files": sorted(str(path) for path in files if path),
    }


def observers(plan: Plan) -> list[dict[str, Any]]:
    """Observers as `{"id", "machine", "every_s"}`, in the plan's order."""
    return [{"id": name, **entry} for name, entry in plan.get("observers", {}).items()]
