# SPDX-License-Identifier: Apache-2.0
"""What is named exists, is there once, and no chain of names comes back to where it began."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from bascule.cloud import built_sites
from bascule.diagnostics import Diagnostic, Path
from bascule.graph import circles
from bascule.policy import DnsSwitch, ManualSwitch, Policy

# What each kind is called, and where one is declared.
_KINDS: dict[str, tuple[str, str]] = {
    "account": ("account", "under `accounts`"),
    "hazard": ("hazard", "in the `hazards` of a site"),
    "machine": ("machine", "in the `machines` of a site"),
    "resource": ("resource", "under `resources`"),
    "role": ("role", "under `roles`"),
    "secret": ("secret", "under `secrets`"),
    "site": ("site", "under `sites`"),
    "supplier": ("supplier", "under `suppliers`"),
    "system": ("system", "under `systems`"),
}


class Reference(NamedTuple):
    """One place that names something: its path, the kind of thing and its id; ``at_key`` when the key is the name."""

    path: Path
    kind: str
    id: str
    at_key: bool = False


def references(policy: Policy) -> Iterator[Reference]:
    """Given a policy, yield every reference in it."""
    yield from _of_activities(policy)
    yield from _of_systems(policy)
    yield from _of_places(policy)
    yield from _of_clouds(policy)
    yield from _of_switch(policy)
    yield from _of_firm(policy)
    yield from _of_what_stands(policy)


def _of_activities(policy: Policy) -> Iterator[Reference]:
    for activity in policy.activities.values():
        at: Path = ("activities", activity.id)
        # Without `roles` an owner is a word that the documents print, so a first policy need not list roles.
        if activity.owner and policy.roles:
            yield Reference((*at, "owner"), "role", activity.owner)
        written = policy.source.data["activities"][activity.id]["uses"]
        yield from (Reference((*at, "uses", i), "system", id_) for i, id_ in enumerate(written))
        for i, check in enumerate(activity.usable_when):
            if check.kind == "run":
                names = enumerate(check.secrets)
                yield from (Reference((*at, "usable_when", i, "secrets", j), "secret", id_) for j, id_ in names)


def _of_systems(policy: Policy) -> Iterator[Reference]:
    for system in policy.systems.values():
        at: Path = ("systems", system.id)
        if system.inside:
            yield Reference((*at, "runs_on"), "system", system.inside)
        else:
            yield from (Reference((*at, "runs_on", side), "machine", id_) for side, id_ in system.runs_on.items())
        others = enumerate(system.consistent_with)
        yield from (Reference((*at, "consistent_with", i), "system", id_) for i, id_ in others)
        for i, protection in enumerate(system.protect):
            if protection.key:
                yield Reference((*at, "protect", i, "key", "secret"), "secret", protection.key)


def _of_what_stands(policy: Policy) -> Iterator[Reference]:
    for path, data in standing(policy):
        for i, item in enumerate(data.get("needs", ())):
            yield _needed((*path, "needs", i), item)
        for i, group in enumerate(data.get("needs_any", ())):
            yield from (_needed((*path, "needs_any", i, "of", j), item) for j, item in enumerate(group["of"]))
    for resource in policy.resources.values():
        ends = (resource.line.here, resource.line.there) if resource.line else (None, None)
        for key, site in zip(("at", "from", "to"), (resource.at, *ends), strict=True):
            if site:
                yield Reference(("resources", resource.id, key), "site", site)
    for secret in policy.secrets.values():
        holders = enumerate(secret.held_by)
        yield from (Reference(("secrets", secret.id, "held_by", i), "role", id_) for i, id_ in holders)


def _needed(path: Path, item: Any) -> Reference:
    if isinstance(item, str):
        return Reference(path, "system", item)
    ((kind, id_),) = item.items()
    return Reference((*path, kind), kind, id_)


def standing(policy: Policy) -> Iterator[tuple[Path, Any]]:
    """Given a policy, yield the path of each thing that may say what it needs, and how it was written."""
    data = policy.source.data
    for section in ("activities", "systems", "sites", "resources"):
        for id_, written in data.get(section, {}).items():
            yield (section, id_), written
            for machine, below in written.get("machines", {}).items() if section == "sites" else ():
                yield (section, id_, "machines", machine), below


def _of_places(policy: Policy) -> Iterator[Reference]:
    yield Reference(("connection", "key", "secret"), "secret", policy.connection.key)
    for machine in policy.machines.values():
        at: Path = ("sites", machine.site, "machines", machine.id)
        # One reference for each place where it is written: what a machine inherits was counted above.
        if machine.connection.key != policy.connection.key:
            yield Reference((*at, "key", "secret"), "secret", machine.connection.key)
        if machine.via:
            yield Reference((*at, "via"), "machine", machine.via)
    for controller in policy.controllers.values():
        yield Reference(("controllers", controller.id, "at"), "site", controller.at)
        if controller.machine:
            yield Reference(("controllers", controller.id, "machine"), "machine", controller.machine)
    for section, named in (("observers", policy.observers), ("copies", policy.copies)):
        yield from (Reference((section, id_), "machine", id_, at_key=True) for id_ in named)


def _of_clouds(policy: Policy) -> Iterator[Reference]:
    for site, cloud in built_sites(policy):
        at: Path = ("sites", site.id)
        yield Reference((*at, "state", "passphrase", "secret"), "secret", cloud.passphrase)
        if cloud.writer:
            for half in ("access_key", "secret_key"):
                path = (*at, "copies", "writer", half, "secret")
                yield Reference(path, "secret", getattr(cloud.writer, half))
        if cloud.link:
            yield Reference((*at, "link", "through"), "machine", cloud.link.through)
            yield Reference((*at, "link", "key", "secret"), "secret", cloud.link.key)
            for peer, key in cloud.link.peers.items():
                yield Reference((*at, "link", "peers", peer), "machine", peer, at_key=True)
                yield Reference((*at, "link", "peers", peer, "key", "secret"), "secret", key)


def _of_switch(policy: Policy) -> Iterator[Reference]:
    switch = policy.switch
    if isinstance(switch, DnsSwitch):
        yield Reference(("switch", "dns", "key", "secret"), "secret", switch.key)
    if not isinstance(switch, ManualSwitch):
        for name, id_ in switch.names.items():
            yield Reference(("switch", switch.kind, "names", name), "system", id_)


def _of_firm(policy: Policy) -> Iterator[Reference]:
    reaching = [
        *((("accounts", one.id, "reaches"), one.reaches) for one in policy.accounts.values()),
        *((("suppliers", one.id, "provides"), one.provides) for one in policy.suppliers.values()),
        *((("risks", one.id, "affects"), one.affects) for one in policy.risks.values()),
    ]
    for (section, id_, word), reaches in reaching:
        listed = isinstance(policy.source.data[section][id_][word], list)
        for i, reach in enumerate(reaches):
            step: Path = (i, reach.kind) if listed else (reach.kind,)
            yield Reference((section, id_, word, *step), reach.kind, reach.id)
    for licence in policy.licences.values():
        yield from (Reference(("licences", licence.id, "of", i), "system", id_) for i, id_ in enumerate(licence.of))
    yield from (Reference(("measured", "systems", name), "system", name, at_key=True) for name in policy.measured)
    for role in policy.roles.values():
        if role.deputy:
            yield Reference(("roles", role.id, "deputy"), "role", role.deputy)


def _declared(policy: Policy) -> dict[str, Collection[str]]:
    return {
        "account": policy.accounts,
        "hazard": {hazard for site in policy.sites.values() for hazard in site.hazards},
        "machine": policy.machines,
        "resource": policy.resources,
        "role": policy.roles,
        "secret": policy.secrets,
        "site": policy.sites,
        "supplier": policy.suppliers,
        "system": policy.systems,
    }


def exist(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC301 for each name of something that the policy does not declare."""
    declared = _declared(policy)
    for path, kind, id_, at_key in references(policy):
        if id_ in declared[kind]:
            continue
        word, where = _KINDS[kind]
        near = get_close_matches(id_, declared[kind], 1, 0.5)
        fix = f"Did you mean `{near[0]}`? Otherwise declare `{id_}` {where}." if near else f"Declare `{id_}` {where}."
        yield policy.source.finding("BC301", path, f"there is no {word} `{id_}`", fix, key=at_key)


def machines_once(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC346 for each machine whose name stands at two sites."""
    seen: dict[str, str] = {}
    for site in policy.sites.values():
        for id_ in site.machines:
            if id_ in seen:
                what = f"the machine `{id_}` stands at the site `{seen[id_]}` too"
                fix = "Give each machine a name of its own; one machine is at one site."
                yield policy.source.finding("BC346", ("sites", site.id, "machines", id_), what, fix, key=True)
            seen.setdefault(id_, site.id)


def no_cycle(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC302 for each circle of `needs`, and BC337 for each circle of `via`."""
    needs = {system.id: system.needs for system in policy.systems.values()}
    for circle in circles(needs):
        what = f"`needs` runs in a circle: {arrows(circle)}"
        fix = "Remove the `needs` that is not about the order of recovery."
        yield policy.source.finding("BC302", ("systems", circle[0], "needs"), what, fix, key=True)
    machines = policy.machines
    for circle in circles({machine.id: (machine.via,) if machine.via else () for machine in machines.values()}):
        path = ("sites", machines[circle[0]].site, "machines", circle[0], "via")
        what = f"`via` runs in a circle: {arrows(circle)}"
        yield policy.source.finding("BC337", path, what, "One of these machines must be reached directly.", key=True)


def arrows(circle: list[str]) -> str:
    """Given a circle, return it as text, once round."""
    shown = circle if len(circle) <= 8 else [*circle[:7], "…"]
    return " → ".join(f"`{id_}`" for id_ in [*shown, circle[0]])
