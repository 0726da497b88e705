# SPDX-License-Identifier: Apache-2.0
"""Things that are lost together: at one site, within reach of one account, with one supplier, in one person's hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bascule.analysis.nodes import Graph
from bascule.analysis.structure import cone, failing


@dataclass(frozen=True)
class Group:
    """What shares a fate: why (``site``, ``account``, ``supplier``, ``holder``, ``hazard``), whose, and its members."""

    kind: str
    id: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class SharedFate:
    """A group and what its loss stops. ``alone``: the members that stop as much by themselves; none means that only
    losing them together does it, which nobody sees who looks at one thing at a time.
    """

    group: Group
    stops: tuple[str, ...]
    alone: tuple[str, ...]


def shared_fate(graph: Graph, groups: Sequence[Group], tops: Sequence[str]) -> tuple[SharedFate, ...]:
    """Given groups and what should go on, return what the loss of each group stops, those that stop most first."""
    order = cone(graph, tops)
    inside = set(order)
    members = [tuple(name for name in group.members if name in inside) for group in groups]
    together = _stops(graph, order, tops, members)
    singles = sorted({name for group in members for name in group})
    apart = dict(zip(singles, _stops(graph, order, tops, [(name,) for name in singles]), strict=True))
    found = [
        SharedFate(group, stops, tuple(name for name in names if apart[name] == stops))
        for group, names, stops in zip(groups, members, together, strict=True)
        if stops
    ]
    return tuple(sorted(found, key=lambda shared: -len(shared.stops)))


def _stops(
    graph: Graph, order: Sequence[str], tops: Sequence[str], losses: Sequence[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Return, for each set of losses, the tops that it stops."""
    lost: dict[str, int] = {}
    for index, names in enumerate(losses):
        for name in names:
            lost[name] = lost.get(name, 0) | 1 << index
    fails: Mapping[str, int] = failing(graph, order, lost)
    return [tuple(top for top in tops if fails[top] >> index & 1) for index in range(len(losses))]
