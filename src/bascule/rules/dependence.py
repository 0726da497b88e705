# SPDX-License-Identifier: Apache-2.0
"""What things stand on: nothing needs itself by way of others, and alternatives never ask for more than there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bascule.dependence import ON_ITS_OWN, Reach, Stands
from bascule.diagnostics import Diagnostic, Path
from bascule.graph import circles
from bascule.policy import Policy
from bascule.rules.references import arrows, standing

_SECTIONS = {"system": "systems", "site": "sites", "resource": "resources"}


def no_circle(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC501 for each circle that goes through alternatives, or through what machines and sites stand on."""
    edges = _edges(policy)
    for circle in circles(edges):
        named = [Reach(*node.split(":", 1)) for node in circle]
        if all(reach.kind == "system" for reach in named) and _of_needs(policy, named):
            continue
        at = next(reach for reach in named if _written(policy, reach) != ON_ITS_OWN or reach.kind == "system")
        key = "needs_any" if _written(policy, at).needs_any else "needs"
        what = f"this comes back to where it began: {arrows([reach.id for reach in named])}"
        fix = "Remove the one that works without the other; what needs itself never starts again once all is down."
        yield policy.source.finding("BC501", (*_path(policy, at), key), what, fix, key=True)


def enough(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC502 for each group of alternatives that asks for more than stand in it."""
    for path, written in standing(policy):
        for i, group in enumerate(written.get("needs_any", ())):
            wanted, given = group.get("at_least", 1), len(group["of"])
            if wanted > given:
                what = f"{wanted} are wanted, and there are {given}: this never works"
                at = (*path, "needs_any", i, "at_least")
                yield policy.source.finding("BC502", at, what, f"Write {given} or less, or add alternatives.")


def _of_needs(policy: Policy, circle: list[Reach]) -> bool:
    """Whether a circle of systems goes through `needs` alone, of which BC302 speaks."""
    following = zip(circle, [*circle[1:], circle[0]], strict=True)
    return all(after.id in policy.systems[before.id].needs for before, after in following)


def _edges(policy: Policy) -> dict[str, tuple[str, ...]]:
    edges = {f"system:{one.id}": (*(f"system:{id_}" for id_ in one.needs), *_all(one.stands))
             for one in policy.systems.values()}  # fmt: skip
    edges |= {f"site:{one.id}": _all(one.stands) for one in policy.sites.values()}
    edges |= {f"machine:{one.id}": (f"site:{one.site}", *_all(one.stands)) for one in policy.machines.values()}
    for one in policy.resources.values():
        edges[f"resource:{one.id}"] = (*((f"site:{one.at}",) if one.at else ()), *_all(one.stands))
    return edges


def _all(stands: Stands) -> tuple[str, ...]:
    every = (*stands.needs, *(one for group in stands.needs_any for one in group.of))
    return tuple(f"{reach.kind}:{reach.id}" for reach in every)


def _written(policy: Policy, reach: Reach) -> Stands:
    kinds: dict[str, Mapping[str, Any]] = {
        "system": policy.systems,
        "site": policy.sites,
        "machine": policy.machines,
        "resource": policy.resources,
    }
    found: Stands = kinds[reach.kind][reach.id].stands
    return found


def _path(policy: Policy, reach: Reach) -> Path:
    if reach.kind == "machine":
        return ("sites", policy.machines[reach.id].site, "machines", reach.id)
    return (_SECTIONS[reach.kind], reach.id)
