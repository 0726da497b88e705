# SPDX-License-Identifier: Apache-2.0
"""Eggs in one basket: what several things stand on must be as ready as the most demanding of them needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bascule.analysis.deadlines import Deadline
from bascule.analysis.nodes import Graph

# What a thing costs a year when it must be ready within so many seconds; prices are the business of who asks.
Price = Callable[[str, float], float]


@dataclass(frozen=True)
class Egg:
    """What stands on a basket: when it needs the basket, who imposes that and by which chain, from the top down."""

    id: str
    by_s: float
    chain: tuple[str, ...]


@dataclass(frozen=True)
class Basket:
    """A thing on which several others stand, the most demanding first.

    ``without_s``: when it would have to be ready if the most demanding stood elsewhere; None when nothing else would
    ask for it. ``extra``: what that egg costs the basket a year, where prices are known.
    """

    id: str
    kind: str
    by_s: float
    eggs: tuple[Egg, ...]
    without_s: float | None
    extra: float | None = None

    @property
    def imposed_by(self) -> Egg:
        """The most demanding egg."""
        return self.eggs[0]

    @property
    def gained_s(self) -> float | None:
        """How much more time the basket would have if its most demanding egg stood elsewhere."""
        return None if self.without_s is None else self.without_s - self.by_s


def baskets(
    graph: Graph,
    found: Mapping[str, Deadline],
    kinds: Sequence[str],
    parts: Sequence[str] = (),
    price: Price | None = None,
) -> tuple[Basket, ...]:
    """Given a graph, its deadlines and the kinds of things that are looked at, return those with a deadline as baskets,
    by deadline. What is of a kind among ``parts`` is no egg by itself: it is one with what needs it.
    """
    stands: dict[str, dict[str, Egg]] = {name: {} for name in found if graph[name].kind in kinds}
    for name, deadline in found.items():
        demands = {below: Egg(name, deadline.by_s - graph[name].lead_s, deadline.chain) for below in graph[name].below}
        for part in [below for below in demands if graph[below].kind in parts]:
            demands |= {below: demands[part] for below in graph[part].below if below not in demands}
        for below in demands if graph[name].kind not in parts else ():
            if below in stands:
                stands[below][name] = demands[below]
    made = [_basket(graph, name, list(eggs.values()), price) for name, eggs in stands.items() if eggs]
    return tuple(sorted(made, key=lambda basket: basket.by_s))


def _basket(graph: Graph, name: str, eggs: list[Egg], price: Price | None) -> Basket:
    eggs = sorted(eggs, key=lambda egg: egg.by_s)
    by_s = eggs[0].by_s
    without_s = eggs[1].by_s if len(eggs) > 1 else None
    extra = price(name, by_s) - price(name, without_s) if price and without_s is not None else None
    return Basket(name, graph[name].kind, by_s, tuple(eggs), without_s, extra)
