# SPDX-License-Identifier: Apache-2.0
"""The risks of a policy as scenarios over its graph, and what shares a fate in it."""

from __future__ import annotations

from collections.abc import Iterable

from bascule.analysis.fate import Group
from bascule.analysis.model import Scenario
from bascule.firm import Reach
from bascule.policy import Policy


def scenarios(policy: Policy) -> dict[str, Scenario]:
    """Given a policy, return its risks, each with all that it touches."""
    return {risk.id: _scenario(policy, risk.id) for risk in policy.risks.values()}


def _scenario(policy: Policy, id_: str) -> Scenario:
    risk = policy.risks[id_]
    nodes, systems = touched(policy, risk.affects, stolen=risk.mode == "compromise")
    return Scenario(risk.mode, nodes, systems, risk.per_year, risk.lasts_s, risk.unseen_s or 0)


def touched(policy: Policy, reaches: Iterable[Reach], stolen: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Given what something reaches, return the nodes and the systems that are touched; accounts, suppliers and hazards
    are followed. An account that is ``stolen`` is not lost to those who need it.
    """
    nodes: dict[str, None] = {}
    systems: dict[str, None] = {}
    followed: set[Reach] = set()
    waiting = list(reaches)
    while waiting:
        reach = waiting.pop(0)
        if reach in followed:
            continue
        followed.add(reach)
        waiting += _behind(policy, reach)
        if reach.kind == "system":
            systems[reach.id] = None
        elif reach.kind == "role":
            nodes[f"person:{reach.id}"] = None
        elif reach.kind != "hazard" and not (reach.kind == "account" and stolen):
            nodes[f"{reach.kind}:{reach.id}"] = None
    return tuple(nodes), tuple(systems)


def _behind(policy: Policy, reach: Reach) -> list[Reach]:
    if reach.kind == "hazard":
        return [Reach("site", site.id) for site in policy.sites.values() if reach.id in site.hazards]
    if reach.kind == "account":
        return list(policy.accounts[reach.id].reaches)
    if reach.kind == "supplier":
        return list(policy.suppliers[reach.id].provides)
    return []


def groups(policy: Policy) -> tuple[Group, ...]:
    """Given a policy, return what is lost together: at a site, by a hazard, within reach of an account, with a
    supplier, with what several stand on, with one person.
    """
    found = [Group("site", id_, (f"site:{id_}",)) for id_ in policy.sites]
    hazards = dict.fromkeys(hazard for site in policy.sites.values() for hazard in site.hazards)
    reaching = [
        *(Reach("hazard", id_) for id_ in hazards),
        *(Reach("account", id_) for id_ in policy.accounts),
        *(Reach("supplier", id_) for id_ in policy.suppliers),
    ]
    for reach in reaching:
        nodes, systems = touched(policy, [reach], stolen=False)
        members = (*nodes, *(f"system:{id_}@{side}" for id_ in systems for side in ("primary", "standby")))
        found.append(Group(reach.kind, reach.id, members))
    found += [Group("resource", id_, (f"resource:{id_}",)) for id_ in policy.resources]
    found += [Group("person", id_, (f"person:{id_}", *_keys_of(policy, id_))) for id_ in policy.roles]
    return tuple(found)


def _keys_of(policy: Policy, role: str) -> tuple[str, ...]:
    """Return the keys that only one role holds."""
    return tuple(f"secret:{one.id}" for one in policy.secrets.values() if one.held_by == (role,))


def accounts_on(policy: Policy, node: str, site: str) -> tuple[str, ...]:
    """Return the accounts that can destroy what is at a node of a site."""
    found = []
    for id_ in policy.accounts:
        nodes, _ = touched(policy, [Reach("account", id_)], stolen=True)
        if {node, f"site:{site}"} & set(nodes):
            found.append(id_)
    return tuple(found)
