# SPDX-License-Identifier: Apache-2.0
"""Small graph questions of the planner. All answers are in the order of the policy: same policy, same plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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
    left = dict(edges)
    result: list[str] = []
    done: set[str] = set()
    while left:
        node = next((node for node, before in left.items() if done.issuperset(before)), None)
        if node is None:
            raise ValueError("these need each other in a circle: " + ", ".join(left))
        result.append(node)
        done.add(node)
        del left[node]
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
    groups: list[tuple[tuple[str, ...], frozenset[str]]] = []
    for node, held in members.items():
        met = [group for group in groups if group[1] & held]
        nodes = tuple(name for group in met for name in group[0])
        merged = (
            tuple(name for name in members if name in nodes or name == node),
            held.union(*(group[1] for group in met)),
        )
        groups = [group for group in groups if group not in met]
        groups.append(merged)
    position = {node: index for index, node in enumerate(members)}
    return tuple(sorted((group[0] for group in groups), key=lambda nodes: position[nodes[0]]))


def heaviest(edges: Edges, weight: Mapping[str, float], end: Iterable[str]) -> tuple[str, ...]:
    """Given what each node comes after and weighs, return the heaviest chain that ends at one of `end`."""
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    for node in ordered(edges):
        before = max((best[other] for other in edges[node]), key=lambda chain: chain[0], default=(0.0, ()))
        best[node] = (before[0] + weight[node], (*before[1], node))
    return max((best[node] for node in end), key=lambda chain: chain[0], default=(0.0, ()))[1]
