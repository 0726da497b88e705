# SPDX-License-Identifier: Apache-2.0
"""A price book: what things cost, each line with its source and its date, and how the line for a thing is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

# In which share of a year a price of a unit comes back.
A_YEAR = {"hour": 8_760.0, "day": 365.0, "month": 12.0, "year": 1.0, "GB-month": 12.0}
# Prices of things that computers are made of do not stay for longer.
OLD_DAYS = 365


@dataclass(frozen=True)
class Line:
    """One price. ``provider``, ``size``, ``of``: what it is only for. ``file`` and ``id``: where it is written."""

    id: str
    file: str
    item: str
    amount: float
    per: str
    as_of: date
    source: str
    provider: str | None = None
    size: str | None = None
    of: str | None = None

    @property
    def per_year(self) -> float:
        """What one of it costs for a year (a GB, a machine); administration costs by the hour that is worked."""
        return self.amount if self.item == "administration" else self.amount * A_YEAR[self.per]

    @property
    def per_day(self) -> float:
        """What one of it costs for a day."""
        return self.per_year / A_YEAR["day"]

    def old(self, today: date) -> bool:
        """Whether it was written down longer ago than prices stay."""
        return (today - self.as_of).days > OLD_DAYS


@dataclass(frozen=True)
class PriceBook:
    """All lines of a firm, and the hours a year that keeping a system takes, by way."""

    currency: str
    lines: tuple[Line, ...] = ()
    upkeep_h: Mapping[str, float] = field(default_factory=dict)

    def find(self, item: str, **asked: str | None) -> Line | None:
        """Given an item and what is known of it (``provider``, ``size``, ``of``), return its most particular price."""
        fitting = [line for line in self.lines if line.item == item and _misfits(line, asked) == 0]
        return max(fitting, key=_particular, default=None)


def _misfits(line: Line, asked: Mapping[str, str | None]) -> int:
    wanted = {"provider": line.provider, "size": line.size, "of": line.of}
    return sum(1 for key, value in wanted.items() if value is not None and value != asked.get(key))


def _particular(line: Line) -> tuple[bool, bool, bool, date]:
    return (line.of is not None, line.size is not None, line.provider is not None, line.as_of)
