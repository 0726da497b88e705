# SPDX-License-Identifier: Apache-2.0
"""What a standby costs a year: most days it only waits, and on the others it serves.

Wood et al., Disaster recovery as a cloud service: economic benefits and deployment challenges, HotCloud 2010. The share
of days on which it serves comes from the risks, not from a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

YEAR_DAYS = 365.0
_DAY_S = 86_400.0


@dataclass(frozen=True)
class Upkeep:
    """Amounts for a day, by item: while the standby only waits, and while it serves."""

    standing: Mapping[str, float] = field(default_factory=dict)
    active: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Stay:
    """Something that sends the firm to its standby: so often a year, each time for so many seconds."""

    per_year: float
    lasts_s: float


def active_share(stays: Iterable[Stay]) -> float:
    """Return the share (0 to 1) of a year that is spent at the standby."""
    return min(1.0, sum(stay.per_year * stay.lasts_s for stay in stays) / (YEAR_DAYS * _DAY_S))


def per_year(upkeep: Upkeep, share: float) -> float:
    """Given daily amounts and the share of the year that is spent at the standby, return what a year costs."""
    waiting, serving = sum(upkeep.standing.values()), sum(upkeep.active.values())
    return YEAR_DAYS * ((1 - share) * waiting + share * serving)
