# SPDX-License-Identifier: Apache-2.0
"""What depends on what, as a graph of which each node needs all of some and so many of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class AnyOf:
    """So many of these are enough."""

    of: tuple[str, ...]
    at_least: int = 1

    @property
    def fatal(self) -> int:
        """How many of them must fail before too few are left."""
        return len(self.of) - self.at_least + 1


@dataclass(frozen=True)
class Node:
    """One thing. It works when all that it ``needs`` works, and of each of ``needs_any`` so many, and it was not lost.

    ``fails``: whether it can be lost by itself; what only joins others cannot. ``start_s`` and ``verify_s``: how long
    it takes until it is of use once all that it needs is there. ``due_s``: when it must be of use, where that is
    promised.
    """

    kind: str = "node"
    needs: tuple[str, ...] = ()
    needs_any: tuple[AnyOf, ...] = ()
    fails: bool = False
    start_s: float = 0
    verify_s: float = 0
    due_s: float | None = None

    @property
    def lead_s(self) -> float:
        """How long it takes until it is of use, once all that it needs is."""
        return self.start_s + self.verify_s

    @property
    def below(self) -> tuple[str, ...]:
        """All that it needs in one way or the other."""
        return (*self.needs, *(one for group in self.needs_any for one in group.of))


Graph = Mapping[str, Node]
