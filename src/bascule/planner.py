# SPDX-License-Identifier: Apache-2.0
"""Policy to Plan: pure, total, in the order of the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bascule import __version__, policy
from bascule.cloud import built_late
from bascule.codec import encode
from bascule.ordering import Shape, shape_of, units_of
from bascule.plan import (
    SCHEMA,
    SIDES,
    Activity,
    Controller,
    Duration,
    Group,
    Json,
    Machine,
    Name,
    Need,
    Observer,
    Part,
    Plan,
    PolicyFacts,
    Predicted,
    Scenario,
    SecretRef,
    System,
    Target,
)
from bascule.predict import before_all, for_group, for_system, worst
from bascule.protections import placed, protection
from bascule.providers import addressed, provider
from bascule.switches import switch
from bascule.systems import stands_as, type_of
from bascule.third import third_of

_SCENARIOS = {"lost": "loss", "planned": "planned", "compromise": "compromise"}
# A run goes to the standby all the same, whether the primary is gone or only away.
_RUN_AS = {"unavailability": "loss"}


def make_plan(written: policy.Policy) -> Plan:
    """Given a policy that passed the rules, return its plan. Raise UnknownKind for what this version lacks."""
    written = addressed(written)
    shape = shape_of(written)
    late = built_late(written)
    systems = _systems(written, shape, late)
    kind = switch(written.switch.kind)
    risks = {name: _RUN_AS.get(risk.mode, risk.mode) for name, risk in written.risks.items()}
    return Plan(
        schema=SCHEMA,
        bascule=__version__,
        policy=_facts(written),
        sites={name: provider(site.provider).site(written, site) for name, site in written.sites.items()},
        machines={name: _machine(machine) for name, machine in written.machines.items()},
        controllers={name: Controller(item.at, item.machine) for name, item in written.controllers.items()},
        observers={name: Observer(item.machine, item.every_s) for name, item in written.observers.items()},
        secrets={name: {secret.kind: secret.place} for name, secret in written.secrets.items()},
        switch=kind.entry(written.switch),
        systems=systems,
        groups=_groups(written, shape, systems),
        activities=_activities(written, shape, systems, before_all(late)),
        units=units_of(shape),
        scenarios={name: Scenario(mode) for name, mode in {**risks, **_SCENARIOS}.items()},
        firm=_firm(written),
    )


def _facts(written: policy.Policy) -> PolicyFacts:
    firm = written.organisation
    return PolicyFacts(firm.id, dict(firm.name), written.digest, firm.language, firm.currency, firm.timezone)


def _machine(written: policy.Machine) -> Machine:
    reached = written.connection
    return Machine(
        site=written.site,
        address=written.address or "",
        port=reached.port,
        user=reached.user,
        become=None if reached.become == "none" else reached.become,
        key=SecretRef(reached.key),
        via=written.via,
        host_key=written.host_key,
    )


def _systems(written: policy.Policy, shape: Shape, late: frozenset[str]) -> dict[str, System]:
    systems = {name: _system(written, system, shape, late) for name, system in written.systems.items()}
    bound: dict[str, list[str]] = {name: list(system.consistent_with) for name, system in systems.items()}
    for name, system in systems.items():
        for other in system.consistent_with:
            bound[other].append(name)
    return {name: _of_one_moment(system, [systems[other] for other in bound[name]]) for name, system in systems.items()}


def _system(written: policy.Policy, system: policy.System, shape: Shape, late: frozenset[str]) -> System:
    kind, away = type_of(written, system), system.runs_on["standby"]
    settings = kind.settings(written, system)
    entries = (protection(item.by).entry(written.id, system, item) for item in system.protect)
    protections = tuple(placed(entry, system.id, away in late) for entry in entries)
    return System(
        id=system.id,
        type=stands_as(written, system),
        machines=dict(system.runs_on),
        addresses=dict(kind.addresses(written, system)),
        needs=system.all_needs,
        group=shape.group_of.get(system.id),
        consistent_with=system.consistent_with,
        size_bytes=system.size_bytes,
        change_bytes_per_day=system.change_bytes_per_day,
        settings=settings,
        protections=protections,
        predicted=for_system(
            written, system, settings, protections, away in late, written.measured.get(system.id, {})
        ),
        third=third_of(written, system.id, protections),
    )


def _of_one_moment(system: System, bound: Sequence[System]) -> System:
    # Both go back to the older of the two moments, so both lose what the other loses.
    loss = worst([system.predicted.rpo, *(other.predicted.rpo for other in bound)])
    return replace(system, predicted=replace(system.predicted, rpo=loss))


def _groups(written: policy.Policy, shape: Shape, systems: Mapping[str, System]) -> dict[str, Group]:
    kind = switch(written.switch.kind)
    names = [
        Name(name, kind.fqdn(written.switch, name), system, {side: systems[system].addresses[side] for side in SIDES})
        for name, system in kind.names(written.switch).items()
    ]
    switched: dict[str, list[Name]] = {}
    for name in names:
        if name.system in shape.group_of:
            switched.setdefault(shape.group_of[name.system], []).append(name)
    return {
        group: Group(group, activities, shape.moves[group], tuple(switched.get(group, ())))
        for group, activities in shape.groups.items()
    }


def _activities(
    written: policy.Policy, shape: Shape, systems: Mapping[str, System], before: Sequence[Part]
) -> dict[str, Activity]:
    kind = switch(written.switch.kind)
    switching = kind.parts(kind.entry(written.switch))
    group_of = {name: group for group, members in shape.groups.items() for name in members}
    rto = {
        group: for_group({system: systems[system].predicted for system in moves}, shape.after, before, switching)
        for group, moves in shape.moves.items()
    }
    return {
        name: _activity(activity, group_of[name], shape.depends[name], rto[group_of[name]], systems)
        for name, activity in written.activities.items()
    }


def _activity(
    activity: policy.Activity, group: str, depends: Sequence[str], rto: Duration, systems: Mapping[str, System]
) -> Activity:
    return Activity(
        id=activity.id,
        name=dict(activity.name),
        owner=activity.owner,
        need=Need(activity.mtpd_s, activity.need.pdma_s, activity.need.mbco),
        target=Target(activity.target.rto_s, activity.target.rpo_s),
        uses=activity.all_uses,
        systems=tuple(depends),
        group=group,
        usable_when=tuple(_kind_first(encode(check)) for check in activity.usable_when),
        degraded=encode(activity.degraded),
        impact=tuple(encode(step) for step in activity.impact),
        # Users are sent over when the whole group is ready; what an activity does not depend on loses nothing of it.
        predicted=Predicted(rto, worst(systems[system].predicted.rpo for system in depends)),
    )


def _kind_first(check: Json) -> Json:
    return {"kind": check["kind"], **check}


def _firm(written: policy.Policy) -> Json:
    return {
        "hours": {name: activity.hours for name, activity in written.activities.items() if activity.hours},
        "sites": {
            name: {"hazards": list(site.hazards), "distance_km": site.distance_km}
            for name, site in written.sites.items()
        },
        "accounts": encode(written.accounts),
        "resources": encode(written.resources),
        "response": encode(written.response),
        "stands": _standing(written),
        "holders": {name: list(secret.held_by) for name, secret in written.secrets.items() if secret.held_by},
        "suppliers": encode(written.suppliers),
        "risks": encode(written.risks),
        "licences": encode(written.licences),
        "drills": encode(written.drills),
        "roles": encode(written.roles),
        "dmia_means": written.organisation.dmia_means,
        **({"choice": written.choice} if written.choice else {}),
    }


def _standing(written: policy.Policy) -> Json:
    """Return what activities, systems, machines and sites stand on beside systems, where they say so."""
    kinds: dict[str, Mapping[str, Any]] = {
        "activities": written.activities,
        "systems": written.systems,
        "machines": written.machines,
        "sites": written.sites,
    }
    return {
        kind: {name: encode(one.stands) for name, one in listed.items() if one.stands != policy.ON_ITS_OWN}
        for kind, listed in kinds.items()
    }
