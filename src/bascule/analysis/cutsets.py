# SPDX-License-Identifier: Apache-2.0
"""Minimal cut sets: the smallest sets of losses that stop something. A set of one is a single point of failure.

All sets up to a size are tried, bit-parallel (`bascule.analysis.structure`), so the result is exact and complete also
where one thing is needed in several ways. Known as risk groups since Zhai et al., Heading off correlated failures
through independence-as-a-service, OSDI 2014.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from bascule.analysis.nodes import Graph
from bascule.analysis.structure import cone, failing

LARGEST = 3
# With more leaves, three at a time are more than a person would wait for, and two more than a computer can hold.
MOST_FOR_THREE, MOST_FOR_TWO = 400, 4000


@dataclass(frozen=True)
class CutSets:
    """The minimal cut sets of ``top`` by size, each sorted by name; all of them up to ``complete_to`` losses."""

    top: str
    sets: tuple[tuple[str, ...], ...]
    complete_to: int

    def of_size(self, size: int) -> tuple[tuple[str, ...], ...]:
        """Return those of so many losses."""
        return tuple(one for one in self.sets if len(one) == size)

    @property
    def single_points(self) -> tuple[str, ...]:
        """What stops it alone."""
        return tuple(one[0] for one in self.of_size(1))


def cut_sets(graph: Graph, top: str, largest: int = LARGEST) -> CutSets:
    """Given a graph and what should go on, return its minimal cut sets of at most ``largest`` (1 to 3) losses."""
    order = cone(graph, [top])
    leaves = sorted(name for name in order if graph[name].fails)
    mask = failing(graph, order, {name: 1 << index for index, name in enumerate(leaves)})[top]
    alone = [leaves[index] for index in _bits(mask)]
    # What stops it alone is in no larger minimal set.
    rest = [name for name in leaves if name not in set(alone)]
    size = min(largest, 1 if len(rest) > MOST_FOR_TWO else 2 if len(rest) > MOST_FOR_THREE else LARGEST)
    sets: list[tuple[str, ...]] = [(name,) for name in alone]
    if size > 1:
        tried = _Pairs(graph, order, top, rest)
        sets += tried.two()
        sets += tried.three() if size > 2 else ()
    return CutSets(top, tuple(sets), size)


class _Pairs:
    """All pairs of leaves as questions, pair (b, c) with b < c; those whose first is b stand together, by rising b."""

    def __init__(self, graph: Graph, order: tuple[str, ...], top: str, leaves: list[str]) -> None:
        self.graph, self.order, self.top, self.leaves = graph, order, top, leaves
        count = len(leaves)
        self.begins = list(accumulate((count - 1 - first for first in range(count)), initial=0))
        self.patterns = [self._pattern(index) for index in range(count)]
        lost = dict(zip(leaves, self.patterns, strict=True))
        self.fatal = failing(graph, order, lost)[top]

    def _pattern(self, leaf: int) -> int:
        """Return the questions in which a leaf is lost."""
        mask = ((1 << (len(self.leaves) - 1 - leaf)) - 1) << self.begins[leaf]
        for first in range(leaf):
            mask |= 1 << (self.begins[first] + leaf - first - 1)
        return mask

    def _named(self, mask: int, offset: int) -> Iterator[tuple[int, int]]:
        """Yield the pairs of the questions of a mask that begins at question ``offset``, as indices of leaves."""
        first = 0
        for bit in _bits(mask):
            while self.begins[first + 1] <= bit + offset:
                first += 1
            yield first, first + 1 + bit + offset - self.begins[first]

    def two(self) -> Iterator[tuple[str, ...]]:
        """Yield the minimal cut sets of two."""
        for first, second in self._named(self.fatal, 0):
            yield self.leaves[first], self.leaves[second]

    def three(self) -> Iterator[tuple[str, ...]]:
        """Yield the minimal cut sets of three: for each leaf, with all pairs of leaves after it."""
        partners: dict[int, list[int]] = {}
        for first, second in self._named(self.fatal, 0):
            partners.setdefault(first, []).append(second)
        for leaf, name in enumerate(self.leaves[:-2]):
            offset = self.begins[leaf + 1]
            lost = self._lost(leaf, offset)
            known = self.fatal >> offset
            for partner in partners.get(leaf, ()):
                known |= self.patterns[partner] >> offset
            fatal = failing(self.graph, self.order, lost)[self.top] & ~known
            for first, second in self._named(fatal, offset):
                yield name, self.leaves[first], self.leaves[second]

    def _lost(self, leaf: int, offset: int) -> Mapping[str, int]:
        after = range(leaf + 1, len(self.leaves))
        lost = {self.leaves[index]: self.patterns[index] >> offset for index in after}
        lost[self.leaves[leaf]] = (1 << (self.begins[-1] - offset)) - 1
        return lost


def _bits(mask: int) -> Iterator[int]:
    """Yield the positions of the bits of a number, rising."""
    text = bin(mask)[:1:-1]
    position = text.find("1")
    while position >= 0:
        yield position
        position = text.find("1", position + 1)
