# SPDX-License-Identifier: Apache-2.0
"""How long bytes take: the slowest piece on their way decides, be it a disk or a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Of a line's rate; the rest are headers, other users and pauses.
USABLE_SHARE = 0.8
LINE = "line"


@dataclass(frozen=True)
class Pace:
    """A piece of a way: what it is called, bytes a second, whether that is `declared` or `default`, which kind."""

    name: str
    bytes_per_s: float
    source: str
    kind: str = "disk"

    @property
    def usable(self) -> float:
        """Bytes a second that arrive."""
        return self.bytes_per_s * (USABLE_SHARE if self.kind == LINE else 1)


def slowest(way: Iterable[Pace]) -> Pace:
    """Given the pieces of a way, return the slowest. Raise ValueError when there is none."""
    return min(way, key=lambda pace: pace.usable)


def seconds(size_bytes: float, way: Iterable[Pace]) -> float:
    """Given bytes and the pieces of their way, return how long they take."""
    return size_bytes / slowest(way).usable
