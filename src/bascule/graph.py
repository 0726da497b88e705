# SPDX-License-Identifier: Apache-2.0
"""Small graph questions of the planner. All answers are in the order of the policy: same policy, same plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

Edges = Mapping[str, Sequence[str]]


def closure(start: Iterable[str], edges: Edges) -> frozenset[str]:
    """Given nodes, return them and all that can be reached from them."""
    reached: set[str] = set()
    waiting = list(start)
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting.extend(edges[node])
    return frozenset(reached)


def ordered(edges: Edges) -> tuple[str, ...]:
    """Given what each node comes after, return all nodes, each after those; nodes that are free keep their order.

    Raise ValueError when there is a cycle.
    """
    position = {node: index for index, node in enumerate(edges)}
    nodes = tuple(edges)
    waits = {node: len(set(before)) for node, before in edges.items()}
    followers: dict[str, list[str]] = {node: [] for node in edges}
    for node, before in edges.items():
        for other in set(before):
            followers[other].append(node)
    free = [position[node] for node, count in waits.items() if count == 0]  # rising, hence a heap already
    result: list[str] = []
    while free:
        node = nodes[heappop(free)]
        result.append(node)
        for other in followers[node]:
            waits[other] -= 1
            if waits[other] == 0:
                heappush(free, position[other])
    if len(result) < len(nodes):
        left = [node for node in nodes if waits[node]]
        raise ValueError("these need each other in a circle: " + ", ".join(left))
    return tuple(result)


def with_wishes(needs: Edges, wishes: Edges) -> dict[str, tuple[str, ...]]:
    """Given edges that must hold and edges that are wished for, return all that can hold together, wishes in order.

    A wish that would close a circle is left out: of two that wish for each other, the first stays first.
    """
    edges = {node: tuple(before) for node, before in needs.items()}
    for node, wished in reversed(list(wishes.items())):
        for other in wished:
            if other not in edges[node] and node not in closure([other], edges):
                edges[node] = (*edges[node], other)
    return edges


def joined(members: Mapping[str, frozenset[str]]) -> tuple[tuple[str, ...], ...]:
    """Given what each node holds, return groups of nodes that hold something in common, directly or through others."""
    beside: dict[str, list[str]] = {}
    for node, held in members.items():
        for thing in held:
            beside.setdefault(thing, []).append(node)
    position = {node: index for index, node in enumerate(members)}
    groups: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for node in members:
        if node not in seen:
            group = _met(node, members, beside)
            seen |= group
            groups.append(tuple(sorted(group, key=position.__getitem__)))
    return tuple(groups)


def _met(node: str, members: Mapping[str, frozenset[str]], beside: dict[str, list[str]]) -> set[str]:
    """The nodes that hold something in common with one, directly or through others; empties the lists it has used."""
    group, waiting = {node}, [node]
    while waiting:
        for thing in members[waiting.pop()]:
            met = [other for other in beside.pop(thing, ()) if other not in group]
            group.update(met)
            waiting.extend(met)
    return group


def heaviest(edges: Edges, weight: Mapping[str, float], end: Iterable[str]) -> tuple[str, ...]:
    """Given what each node comes after and weighs, return the heaviest chain that ends at one of `end`."""
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    for node in ordered(edges):
        before = max((best[other] for other in edges[node]), key=lambda chain: chain[0], default=(0.0, ()))
        best[node] = (before[0] + weight[node], (*before[1], node))
    return max((best[node] for node in end), key=lambda chain: chain[0], default=(0.0, ()))[1]


def circles(edges: Edges) -> list[list[str]]:
    """Given a graph, return its circles, one for each group of nodes that hang together, in the order of writing.

    What is named and is no node of the graph is left out.
    """
    state: dict[str, int] = {}  # 1: on the way, 2: done
    circles = []
    for start in edges:
        if start in state:
            continue
        way = [start]
        following = [iter(edges[start])]
        state[start] = 1
        while way:
            node = next(following[-1], None)
            if node is None:
                state[way.pop()] = 2
                following.pop()
            elif state.get(node) == 1:
                circles.append(way[way.index(node) :])
            elif node in edges and node not in state:
                state[node] = 1
                way.append(node)
                following.append(iter(edges[node]))
    return circles
