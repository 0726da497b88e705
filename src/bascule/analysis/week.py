# SPDX-License-Identifier: Apache-2.0
"""Opening hours: how much working time an outage takes, and when in the week it takes most."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DAY_S = 86_400
WEEK_S = 7 * DAY_S
ALWAYS = "24/7"
_PART = re.compile(r"([A-Z][A-Za-z,-]*) (\d\d):(\d\d)-(\d\d):(\d\d)")


class Stretch(NamedTuple):
    """A part of an outage, seconds from its beginning; ``share`` (0 to 1) of the work in it is lost."""

    begin_s: float
    end_s: float
    share: float = 1.0


class Moment(NamedTuple):
    """A beginning of an outage, seconds from Monday 0:00, and the working seconds that are lost from then on."""

    start_s: float
    lost_s: float


@dataclass(frozen=True)
class Week:
    """When work is done: spans that do not touch, in seconds from Monday 0:00, sorted, within one week."""

    spans: tuple[tuple[int, int], ...]

    @cached_property
    def _edges(self) -> tuple[int, ...]:
        return tuple(edge for span in self.spans for edge in span)

    @cached_property
    def _before(self) -> tuple[int, ...]:
        return tuple(accumulate((end - begin for begin, end in self.spans), initial=0))

    def _worked(self, moment_s: float) -> float:
        """Return the working seconds from the beginning of the first week until a moment."""
        weeks, rest = divmod(moment_s, WEEK_S)
        index = bisect_right(self._edges, rest)
        inside = rest - self.spans[index // 2][0] if index % 2 else 0
        return weeks * self._before[-1] + self._before[index // 2] + inside

    def open_s(self, start_s: float, lasts_s: float) -> float:
        """Given when an outage begins and how long it lasts, return the working seconds in it."""
        return self._worked(start_s + lasts_s) - self._worked(start_s)

    def lost_s(self, start_s: float, stretches: Sequence[Stretch]) -> float:
        """Given when an outage begins and its stretches, return the working seconds that are lost."""
        return sum(part.share * self.open_s(start_s + part.begin_s, part.end_s - part.begin_s) for part in stretches)

    def turns(self, stretches: Sequence[Stretch]) -> list[float]:
        """Return the beginnings between which the loss changes evenly: rising, from 0, within one week."""
        offsets = {offset for part in stretches for offset in part[:2]}
        return sorted({0.0, *((edge - offset) % WEEK_S for edge in self._edges for offset in offsets)})

    def worst(self, stretches: Sequence[Stretch]) -> Moment:
        """Return the first beginning in the week from which most is lost; one at which work begins, if there is any.

        The loss is piecewise linear in the beginning, so it is largest where the outage, or a stretch of it, begins or
        ends together with the working hours.
        """
        losses = [(self.lost_s(start, stretches), start) for start in self.turns(stretches)]
        most = max(loss for loss, _ in losses)
        worst = [start for loss, start in losses if loss >= most - 1e-6]
        opening = {begin for begin, _ in self.spans}
        return Moment(next((start for start in worst if start in opening), worst[0]), most)


def week(hours: str | None) -> Week:
    """Given ``hours`` of a policy (``Mo-Fr 08:00-18:00; Sa 09:00-12:00``), return the week; without, all of it.

    Hours that end before they begin go on into the next day. Raise ValueError for what are no hours.
    """
    if hours is None or hours == ALWAYS:
        return Week(((0, WEEK_S),))
    spans: list[tuple[int, int]] = []
    for part in hours.split("; "):
        match = _PART.fullmatch(part)
        if not match:
            raise ValueError(f"{part!r} are no opening hours; write for example Mo-Fr 08:00-18:00")
        begin, end = (int(match[i]) * 3600 + int(match[i + 1]) * 60 for i in (2, 4))
        end = end if end > begin else end + DAY_S
        for day in _days(match[1]):
            spans += _within_a_week(day * DAY_S + begin, day * DAY_S + min(end, begin + DAY_S))
    return Week(_merged(spans))


def clock(moment_s: float) -> str:
    """Given seconds from Monday 0:00, return the day and the time: ``Mo 08:00``."""
    day, rest = divmod(int(moment_s) % WEEK_S, DAY_S)
    return f"{DAYS[day]} {rest // 3600:02d}:{rest % 3600 // 60:02d}"


def _days(text: str) -> list[int]:
    found = []
    for word in text.split(","):
        ends = [DAYS.index(day) for day in word.split("-")]
        found += [day % 7 for day in range(ends[0], ends[-1] + (8 if ends[-1] < ends[0] else 1))]
    return found


def _within_a_week(begin: int, end: int) -> list[tuple[int, int]]:
    begin, end = begin % WEEK_S, end % WEEK_S or WEEK_S
    return [(begin, end)] if begin < end else [(begin, WEEK_S), (0, end)]


def _merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple(merged)
