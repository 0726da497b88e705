# SPDX-License-Identifier: Apache-2.0
"""Copies of a system's data: how old the newest one may be, and which of them survive what happens.

The age follows Keeton and Merchant, A framework for evaluating storage system dependability, DSN 2004: each level of
protection gathers updates in an accumulation window, waits in a hold window, and moves in a propagation window.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bascule.plan import Part


@dataclass(frozen=True)
class Window:
    """One level on the way of a copy, in seconds: updates are gathered for ``accumulate_s``, the copy waits for
    ``hold_s`` and takes ``propagate_s`` to arrive.

    ``aligned``: it takes over each copy of the level before when that one is there. A level that looks at times of its
    own may just have missed one.
    """

    accumulate_s: float
    propagate_s: float = 0
    hold_s: float = 0
    aligned: bool = False


@dataclass(frozen=True)
class Copy:
    """One way in which copies of a system are kept; ``id`` is its node in the graph, ``at`` that of its place.

    ``live``: it repeats damage at once. ``keep_s``: how far it reaches back (None: without end, or only the newest
    when it is live). ``bring``: what brings it to where it is served.
    """

    id: str
    at: str
    technology: str
    path: tuple[Window, ...]
    keep_s: float | None = None
    live: bool = False
    bring: tuple[Part, ...] = ()

    @property
    def worst_loss_s(self) -> float:
        """The most that it can lack, in seconds."""
        return worst_loss_s(self.path)


@dataclass(frozen=True)
class Left:
    """What is left of a copy: how old its newest good point may be, or why there is none.

    ``why``: ``gone`` (its place is), ``locked`` (something that it is read with is), ``repeats`` (the damage is in it
    too), ``forgotten`` (all points from before the damage have been removed).
    """

    copy: Copy
    age_s: float | None
    why: str | None = None


def worst_loss_s(path: Sequence[Window]) -> float:
    """Given the levels that a copy passes, the nearest to the original first, return the most that it can lack.

    DSN 2004: hold and propagation of all levels and the accumulation of the last; before a level that is not aligned,
    the accumulation of the one before it too.
    """
    waits = sum(window.hold_s + window.propagate_s for window in path)
    missed = sum(before.accumulate_s for before, window in pairwise(path) if not window.aligned)
    return waits + missed + path[-1].accumulate_s


def left_of(copy: Copy, down: Collection[str], damaged: bool, noticed_s: float = 0) -> Left:
    """Given a copy, the nodes that are down, whether the data were damaged, and how long that stayed unseen, return
    what is left of it.
    """
    if copy.id in down:
        return Left(copy, None, "gone" if copy.at in down else "locked")
    if not damaged:
        return Left(copy, copy.worst_loss_s)
    if copy.live:
        return Left(copy, None, "repeats")
    age_s = noticed_s + copy.worst_loss_s
    if copy.keep_s is not None and copy.keep_s < age_s:
        return Left(copy, None, "forgotten")
    return Left(copy, age_s)


def newest(left: Sequence[Left]) -> Left | None:
    """Given what is left of the copies of a system, return that with the newest good point; None when there is none."""
    return min((one for one in left if one.age_s is not None), key=lambda one: one.age_s or 0, default=None)
