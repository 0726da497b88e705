# SPDX-License-Identifier: Apache-2.0
"""When each thing must be there so that the promises hold, who imposes that, and when it can be there at the earliest.

Deadlines go backward: what an activity needs must be there earlier by the time that starting and verifying take. The
strictest consumer decides. Times go forward: a thing is of use once all that it needs is, and its own start is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bascule.analysis.nodes import Graph
from bascule.analysis.structure import cone


@dataclass(frozen=True)
class Deadline:
    """``by_s``: when a thing must be of use, in seconds from the disaster. ``chain``: from what imposes that to the
    thing itself. ``ready_s``: when it can be of use at the earliest.
    """

    by_s: float
    chain: tuple[str, ...]
    ready_s: float

    @property
    def imposed_by(self) -> str:
        """What imposes it."""
        return self.chain[0]

    @property
    def slack_s(self) -> float:
        """How much time is left over; below zero the promise cannot be kept."""
        return self.by_s - self.ready_s


@dataclass(frozen=True)
class Broken:
    """A promise that cannot be kept: the chain that takes too long, from the top down, and by how much it is missed."""

    top: str
    due_s: float
    ready_s: float
    chain: tuple[str, ...]

    @property
    def missing_s(self) -> float:
        """By how much it is missed."""
        return self.ready_s - self.due_s


def deadlines(graph: Graph, tops: Iterable[str] | None = None) -> dict[str, Deadline]:
    """Given a graph in which some nodes are due, return the deadline of these and of all that they need. Only those of
    ``tops`` impose one, where they are given.

    Each of several alternatives must be there in time, since any of them may be the one that is left.
    """
    due = [name for name, node in graph.items() if node.due_s is not None]
    order = cone(graph, due if tops is None else tops)
    ready = earliest(graph, order)
    by: dict[str, float] = {}
    imposed: dict[str, str | None] = {}
    for name in reversed(order):
        node = graph[name]
        if node.due_s is not None and node.due_s < by.get(name, float("inf")):
            by[name], imposed[name] = node.due_s, None
        for other in node.below:
            if by[name] - node.lead_s < by.get(other, float("inf")):
                by[other], imposed[other] = by[name] - node.lead_s, name
    chains: dict[str, tuple[str, ...]] = {}
    for name in reversed(order):
        above = imposed[name]
        chains[name] = (*(chains[above] if above else ()), name)
    return {name: Deadline(by[name], chains[name], ready[name]) for name in reversed(order)}


def earliest(graph: Graph, order: tuple[str, ...]) -> dict[str, float]:
    """Given nodes in the order of ``cone``, return when each can be of use at the earliest, in seconds.

    Of alternatives the quickest count, as many as are needed.
    """
    ready: dict[str, float] = {}
    for name in order:
        ready[name] = max((when for _, when in _awaited(graph, name, ready)), default=0) + graph[name].lead_s
    return ready


def broken(graph: Graph, found: Mapping[str, Deadline]) -> list[Broken]:
    """Given a graph and its deadlines, return each promise that cannot be kept, with the chain that takes too long."""
    ready = {name: deadline.ready_s for name, deadline in found.items()}
    missed = []
    for name, deadline in found.items():
        due_s = graph[name].due_s
        if due_s is None or deadline.ready_s <= due_s:
            continue
        chain = [name]
        while awaited := _awaited(graph, chain[-1], ready):
            slowest, when = max(awaited, key=lambda item: item[1])
            if when <= 0:
                break
            chain.append(slowest)
        missed.append(Broken(name, due_s, deadline.ready_s, tuple(chain)))
    return missed


def _awaited(graph: Graph, name: str, ready: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return what a node waits for, and until when: all that it needs, and the quickest of its alternatives."""
    node = graph[name]
    awaited = [(other, ready[other]) for other in node.needs]
    for group in node.needs_any:
        awaited += sorted(((other, ready[other]) for other in group.of), key=lambda item: item[1])[: group.at_least]
    return awaited
