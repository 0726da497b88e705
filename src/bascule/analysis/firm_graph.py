# SPDX-License-Identifier: Apache-2.0
"""The graph of a policy: activities at both sides, systems, machines and what these stand on, down to people and keys.

Nodes are named ``kind:id``; a system at a side is ``system:ID@SIDE``. An activity works at the primary with the systems
that it depends on, or is recovered at the standby with all that moves with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bascule.analysis.model import System
from bascule.analysis.nodes import AnyOf, Node
from bascule.dependence import Stands
from bascule.firm import Reach
from bascule.graph import closure
from bascule.ordering import Shape
from bascule.plan import SIDES, Part
from bascule.policy import Policy

PRIMARY, STANDBY = SIDES
RECOVERY = "recovery:run"
SWITCH = "recovery:switch"


def nodes(
    policy: Policy, shape: Shape, systems: Mapping[str, System], before: Iterable[Part], ending: Iterable[Part]
) -> dict[str, Node]:
    """Given a policy, its order, its systems with their copies, and what every recovery takes before and after them,
    return the graph.
    """
    return dict(
        [
            *_places(policy),
            *_people(policy),
            *_recovery(policy),
            *_copies(policy, systems),
            *_systems(policy, systems),
            *_activities(policy, shape, seconds(before), seconds(ending)),
        ]
    )


def seconds(parts: Iterable[Part]) -> float:
    """Return how long parts take one after the other."""
    return sum(part.seconds for part in parts)


def named(reach: Reach, side: str | None = None) -> str:
    """Given what something refers to, return its node; a system is meant at the same side, else as an activity's."""
    return f"system:{reach.id}@{side or PRIMARY}" if reach.kind == "system" else f"{reach.kind}:{reach.id}"


def _stands(stands: Stands, side: str | None = None) -> tuple[tuple[str, ...], tuple[AnyOf, ...]]:
    needs = tuple(named(reach, side) for reach in stands.needs)
    groups = tuple(AnyOf(tuple(named(one, side) for one in any_.of), any_.at_least) for any_ in stands.needs_any)
    return needs, groups


def _places(policy: Policy) -> Iterator[tuple[str, Node]]:
    for site in policy.sites.values():
        needs, groups = _stands(site.stands)
        yield f"site:{site.id}", Node("site", needs, groups, fails=True)
        if site.cloud:
            yield f"bucket:{site.id}", Node("storage", (f"site:{site.id}",), fails=True)
    for machine in policy.machines.values():
        needs, groups = _stands(machine.stands)
        yield f"machine:{machine.id}", Node("machine", (f"site:{machine.site}", *needs), groups, fails=True)
    for resource in policy.resources.values():
        needs, groups = _stands(resource.stands)
        where = (f"site:{resource.at}",) if resource.at else ()
        yield f"resource:{resource.id}", Node(resource.kind, (*where, *needs), groups, fails=True)
    for id_ in policy.suppliers:
        yield f"supplier:{id_}", Node("supplier", fails=True)
    for id_ in policy.accounts:
        yield f"account:{id_}", Node("account", fails=True)


def _people(policy: Policy) -> Iterator[tuple[str, Node]]:
    for role in policy.roles.values():
        yield f"person:{role.id}", Node("person", fails=True)
        # The deputy stands in, not the deputy's deputy: who is away for two at once is missed.
        holders = (f"person:{role.id}", *((f"person:{role.deputy}",) if role.deputy else ()))
        yield f"role:{role.id}", Node("role", needs_any=(AnyOf(tuple(dict.fromkeys(holders))),))
    for secret in policy.secrets.values():
        if secret.held_by:
            yield (
                f"secret:{secret.id}",
                Node("secret", needs_any=(AnyOf(tuple(f"role:{id_}" for id_ in secret.held_by)),)),
            )
        else:
            yield f"secret:{secret.id}", Node("secret", fails=True)


def _recovery(policy: Policy) -> Iterator[tuple[str, Node]]:
    """Yield what every recovery needs: somewhere to run it from, somebody to declare it, the key, and the switch."""
    for controller in policy.controllers.values():
        on = f"machine:{controller.machine}" if controller.machine else f"site:{controller.at}"
        yield f"controller:{controller.id}", Node("controller", (on,), fails=not controller.machine)
    yield from _switch(policy)
    declaring = tuple(f"role:{role.id}" for role in policy.roles.values() if "declare" in role.may)
    groups = (
        AnyOf(tuple(f"controller:{id_}" for id_ in policy.controllers)),
        *((AnyOf(declaring),) if declaring else ()),
    )
    yield RECOVERY, Node("recovery", (f"secret:{policy.connection.key}", SWITCH), groups)


def _switch(policy: Policy) -> Iterator[tuple[str, Node]]:
    server, key = getattr(policy.switch, "server", None), getattr(policy.switch, "key", None)
    needs = [f"secret:{key}"] if key else []
    if server:
        machine = next((one.id for one in policy.machines.values() if one.address == server), None)
        needs.append(f"machine:{machine}" if machine else f"server:{server}")
        if not machine:
            yield f"server:{server}", Node("server", fails=True)
    yield SWITCH, Node("switch", tuple(needs))


def _copies(policy: Policy, systems: Mapping[str, System]) -> Iterator[tuple[str, Node]]:
    for name, system in systems.items():
        keys = {copy.by: copy.key for copy in policy.systems[name].protect}
        for copy in system.copies:
            key = keys.get(copy.technology)
            yield copy.id, Node("copy", (copy.at, *((f"secret:{key}",) if key else ())))


def _systems(policy: Policy, systems: Mapping[str, System]) -> Iterator[tuple[str, Node]]:
    for name, system in systems.items():
        written = policy.systems[name]
        for side in SIDES:
            needs, groups = _stands(written.stands, side)
            own = (f"machine:{written.runs_on[side]}", *(f"system:{other}@{side}" for other in written.needs), *needs)
            if side == PRIMARY:
                yield f"system:{name}@{side}", Node("system", own, groups, start_s=seconds(system.finish))
                continue
            copies = (AnyOf(tuple(copy.id for copy in system.copies)),) if system.copies else ()
            best = min(system.copies, key=lambda copy: copy.worst_loss_s, default=None)
            lead_s = seconds((*system.begin, *(best.bring if best else ()), *system.finish))
            yield f"system:{name}@{side}", Node("system", own, (*groups, *copies), start_s=lead_s)


def _activities(policy: Policy, shape: Shape, before_s: float, ending_s: float) -> Iterator[tuple[str, Node]]:
    moving = _moving(policy, shape)
    for activity in policy.activities.values():
        id_, due_s = activity.id, float(activity.target.rto_s)
        with_systems = {PRIMARY: activity.uses, STANDBY: moving[id_]}
        for side, names in with_systems.items():
            needs, groups = _stands(activity.stands, side)
            own = (*(f"system:{name}@{side}" for name in names), *needs)
            if side == STANDBY:
                node = Node("activity", (*own, RECOVERY), groups, start_s=before_s, verify_s=ending_s, due_s=due_s)
            else:
                node = Node("activity", own, groups, due_s=due_s)
            yield f"activity:{id_}@{side}", node
        yield f"activity:{id_}", Node("activity", needs_any=(AnyOf(tuple(f"activity:{id_}@{side}" for side in SIDES)),))


def _moving(policy: Policy, shape: Shape) -> dict[str, tuple[str, ...]]:
    """Return, by activity, the systems without which its switch group cannot be sent over; alternatives are not among
    them.
    """
    bound: dict[str, list[str]] = {name: list(one.needs) for name, one in policy.systems.items()}
    for name, one in policy.systems.items():
        for other in one.consistent_with:
            bound[name].append(other)
            bound[other].append(name)
    moving: dict[str, tuple[str, ...]] = {}
    for group, members in shape.groups.items():
        found = closure((name for member in members for name in policy.activities[member].uses), bound)
        together = tuple(name for name in shape.moves[group] if name in found)
        moving |= dict.fromkeys(members, together)
    return moving
