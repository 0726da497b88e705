# SPDX-License-Identifier: Apache-2.0
"""What is at stake in one activity: its cost, its hours and its way of working without systems, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from bascule.analysis.equivalence import Equivalence
from bascule.analysis.impact import Bearable, Curve, Point, bearable, curve, levels_after
from bascule.analysis.week import WEEK_S, Stretch, Week, week


@dataclass(frozen=True)
class Fallback:
    """Work without systems: ``capacity`` (0 to 1) of it gets done, for at most ``at_most_s`` (None: without end)."""

    capacity: float
    at_most_s: float | None = None


@dataclass(frozen=True)
class Worst:
    """A stop of ``lasts_s`` at the moment when it costs most: working time in it, work lost in it, cost, levels.

    ``mean`` is the cost when it begins at any moment of the week. Amounts are None when no cost was declared;
    ``beyond`` says that the stop is longer than the curve was declared for.
    """

    lasts_s: float
    start_s: float
    open_s: float
    lost_s: float
    amount: float | None
    mean: float | None
    levels: Mapping[str, str]
    beyond: bool


@dataclass(frozen=True)
class Stakes:
    """What an activity declares: points of its impact, hours (None: always), fallback, smallest acceptable level."""

    points: tuple[Point, ...] = ()
    hours: str | None = None
    fallback: Fallback | None = None
    mbco: float | None = None

    @cached_property
    def week(self) -> Week:
        """The opening hours."""
        return week(self.hours)

    @cached_property
    def curve(self) -> Curve | None:
        """The cost over the length of a stop at the worst moment; None when none was declared."""
        return curve(self.points)

    @cached_property
    def equivalence(self) -> Equivalence:
        """What a stop at any other moment is worth."""
        return Equivalence(self.week)

    @property
    def bearable(self) -> Bearable | None:
        """The longest bearable stop that follows from the levels; None when no level is unacceptable."""
        return bearable(self.points)

    @property
    def holds_s(self) -> float | None:
        """How long the fallback keeps the smallest acceptable level: 0 when it does not, None when without end."""
        if self.fallback is None or (self.mbco is not None and self.fallback.capacity < self.mbco):
            return 0.0
        return self.fallback.at_most_s

    def stretches(self, lasts_s: float) -> list[Stretch]:
        """Given how long a stop lasts, return its stretches: while the fallback holds, and after it."""
        if self.fallback is None:
            return [Stretch(0, lasts_s)]
        lost = 1 - self.fallback.capacity
        end_s = self.fallback.at_most_s
        if end_s is None or end_s >= lasts_s:
            return [Stretch(0, lasts_s, lost)]
        return [Stretch(0, end_s, lost), Stretch(end_s, lasts_s)]

    def worth_s(self, lost_s: float, lasts_s: float) -> float:
        """Given the working seconds lost in a stop and how long it lasts, return how long a stop is at the worst moment
        that costs as much: it loses as many, and is not longer.
        """
        return min(lasts_s, self.equivalence.length_s(lost_s))

    def cost(self, start_s: float, lasts_s: float) -> float | None:
        """Given when in the week a stop begins and how long it lasts, return what it costs; None without a curve."""
        lost_s = self.week.lost_s(start_s, self.stretches(lasts_s))
        return self.curve.cost(self.worth_s(lost_s, lasts_s)) if self.curve else None

    def mean_cost(self, lasts_s: float) -> float | None:
        """Given how long a stop lasts, return what it costs on average over all moments at which it may begin.

        Exact: between two turns of the week the work lost is linear in the beginning, and between two turns of the
        equivalence and of the curve the cost is linear in the work lost, so the middle of each piece stands for it.
        """
        curve, stretches = self.curve, self.stretches(lasts_s)
        if curve is None:
            return None
        starts = [*self.week.turns(stretches), float(WEEK_S)]
        losses = [self.week.lost_s(start, stretches) for start in starts]
        most = max(losses)
        turns = {*self.equivalence.turns(most), *map(self.equivalence.most_open_s, (lasts_s, *dict(curve.knots)))}
        total = 0.0
        for (begin, end), (low, high) in zip(pairwise(starts), map(sorted, pairwise(losses)), strict=True):
            cuts = [low, *sorted(turn for turn in turns if low < turn < high), high]
            for before, after in pairwise(cuts):
                part = (after - before) / (high - low) if high > low else 1.0
                total += (end - begin) * part * curve.cost(self.worth_s((before + after) / 2, lasts_s))
        return total / WEEK_S

    def worst(self, lasts_s: float) -> Worst:
        """Given how long a stop lasts, return it at its worst moment."""
        start_s, lost_s = self.week.worst(self.stretches(lasts_s))
        worth_s = self.worth_s(lost_s, lasts_s)
        return Worst(
            lasts_s=lasts_s,
            start_s=start_s,
            open_s=self.week.open_s(start_s, lasts_s),
            lost_s=lost_s,
            amount=self.curve.cost(worth_s) if self.curve else None,
            mean=self.mean_cost(lasts_s),
            levels=levels_after(self.points, lasts_s),
            beyond=self.curve is not None and worth_s > self.curve.last_s,
        )
