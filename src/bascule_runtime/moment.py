# SPDX-License-Identifier: Apache-2.0
"""The moment that several systems can be recovered to together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Mapping, Optional, Sequence


@dataclass(frozen=True)
class Reach:
    """What a system can be recovered to: exactly `at`, or any moment from `at` to `until` (epoch seconds)."""

    at: float
    until: Optional[float] = None

    def before(self, moment: float) -> Optional[float]:
        """The latest moment of this point that is not after `moment`, or None."""
        if self.at > moment:
            return None
        return self.at if self.until is None else min(moment, self.until)


@dataclass(frozen=True)
class Common:
    """Recover each system to its newest point not after `moment`; `behind_s`: how far behind it each will be."""

    moment: float
    behind_s: Mapping[str, float]

    @property
    def spread_s(self) -> float:
        """The largest difference between two of the systems, in seconds."""
        return max(self.behind_s.values()) - min(self.behind_s.values())


Points = Mapping[str, Sequence[Reach]]


def reaches(points: Sequence[Mapping[str, Any]]) -> list[Reach]:
    """Recovery points as the step `points` lists them; with `since`, every moment from then to `at` can be reached."""
    return [Reach(float(point["since"]), float(point["at"])) if point.get("since") else Reach(float(point["at"]))
            for point in points]


def parse(text: str) -> Optional[float]:
    """Epoch seconds of a time with its zone (ISO 8601, or a number of seconds), or None for anything else."""
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return float(text)
    try:
        parsed = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text.strip()))
    except ValueError:
        return None
    return parsed.timestamp() if parsed.tzinfo else None


def common_moment(points_by_system: Points, tolerance_s: float = 1.0, not_after: Optional[float] = None
                  ) -> Optional[Common]:
    """The newest moment at which systems are at most `tolerance_s` apart; else the one at which they are least apart.

    Takes the recovery points of each system (any order) and an epoch that no system may be younger than. Candidates are
    the ends of all points: between two of them nothing comes nearer. None when some system has no point that is old
    enough.
    """
    ends = {end for points in points_by_system.values() for point in points for end in (point.at, point.until)
            if end is not None and (not_after is None or end <= not_after)}
    if not_after is not None:
        ends.add(not_after)
    found = [common for moment in sorted(ends, reverse=True) if (common := _at(points_by_system, moment)) is not None]
    near = next((common for common in found if common.spread_s <= tolerance_s), None)
    return near or min(found, key=lambda common: (common.spread_s, -common.moment), default=None)


def _at(points_by_system: Points, moment: float) -> Optional[Common]:
    behind = {}
    for system, points in points_by_system.items():
        reached = [at for point in points if (at := point.before(moment)) is not None]
        if not reached:
            return None
        behind[system] = moment - max(reached)
    return Common(moment, behind) if behind else None
