# SPDX-License-Identifier: Apache-2.0
"""What still works when some things are lost: one question, or thousands of them in one pass.

A question is a bit. For each node a whole number holds, bit by bit, in which questions it fails; a gate is then one
operation on such numbers, however many questions there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bascule.analysis.nodes import AnyOf, Graph


class CircleError(ValueError):
    """Something needs itself; ``way`` goes once round, from a node to the one before it comes back."""

    def __init__(self, way: tuple[str, ...]) -> None:
        self.way = way
        super().__init__("these need each other in a circle: " + " → ".join([*way, way[0]]))


def cone(graph: Graph, tops: Iterable[str]) -> tuple[str, ...]:
    """Return the tops and all that they need, each after what it needs itself. Raise CircleError, KeyError."""
    done: dict[str, bool] = {}  # False: on the way
    for top in tops:
        if top in done:
            continue
        way: list[tuple[str, Iterator[str]]] = [(top, iter(graph[top].below))]
        done[top] = False
        while way:
            node, rest = way[-1]
            following = next(rest, None)
            if following is None:
                way.pop()
                # A node stands after what it needs: those were put in anew, at the end, when they were finished.
                del done[node]
                done[node] = True
            elif following not in done:
                done[following] = False
                way.append((following, iter(graph[following].below)))
            elif not done[following]:
                names = [name for name, _ in way]
                raise CircleError(tuple(names[names.index(following) :]))
    return tuple(done)


def failing(graph: Graph, order: Iterable[str], lost: Mapping[str, int]) -> dict[str, int]:
    """Given nodes in the order of ``cone``, and in which questions some are lost, return in which each one fails."""
    fails: dict[str, int] = {}
    for name in order:
        node = graph[name]
        mask = lost.get(name, 0)
        for other in node.needs:
            mask |= fails[other]
        for group in node.needs_any:
            mask |= _too_few(group, fails)
        fails[name] = mask
    return fails


def _too_few(group: AnyOf, fails: Mapping[str, int]) -> int:
    """Return the questions in which too few of a group are left: those in which at least ``fatal`` of them fail."""
    fatal = group.fatal
    if fatal <= 0:
        return 0
    counted = [0] * fatal  # in which questions at least 1, 2, … fail
    for name in group.of:
        mask = fails[name]
        for index in range(fatal - 1, 0, -1):
            counted[index] |= counted[index - 1] & mask
        counted[0] |= mask
    return counted[-1]


def stopped(graph: Graph, lost: Iterable[str], tops: Iterable[str] | None = None) -> frozenset[str]:
    """Given what is lost, return all of the tops and of what they need that does not work; by default of the graph."""
    gone = dict.fromkeys(lost, 1)
    fails = failing(graph, cone(graph, graph if tops is None else tops), gone)
    return frozenset(name for name, mask in fails.items() if mask)
