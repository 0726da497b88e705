# SPDX-License-Identifier: Apache-2.0
"""What a policy says of the firm beside its systems: who reaches what, what may happen, who does what, its rights."""

from __future__ import annotations

from dataclasses import dataclass

from bascule.dependence import Reach as Reach
from bascule.estate import Names


@dataclass(frozen=True)
class Account:
    """Who can reach what: what a stolen one can destroy."""

    id: str
    name: Names | None
    reaches: tuple[Reach, ...]


@dataclass(frozen=True)
class Supplier:
    """Who is outside the firm and what stops when they stop."""

    id: str
    name: Names | None
    provides: tuple[Reach, ...]


@dataclass(frozen=True)
class Risk:
    """A scenario: what it affects; mode ``loss``, ``unavailability``, ``compromise``, ``corruption``; events a year;
    how long it lasts; how long its damage stays unseen. ``accepted``: promises need not hold under it.
    """

    id: str
    name: Names | None
    affects: tuple[Reach, ...]
    mode: str
    per_year: float | None
    lasts_s: int | None
    unseen_s: int | None
    accepted: bool = False


@dataclass(frozen=True)
class Licence:
    """A right to run the systems ``of``: ``until`` as written (its last day), whether the standby's copy is covered,
    the file with its key."""

    id: str
    name: Names | None
    of: tuple[str, ...]
    until: str | None
    standby: str | None
    file: str | None


@dataclass(frozen=True)
class Drills:
    """How often the recovery is rehearsed, and how."""

    every_s: int
    kind: str


@dataclass(frozen=True)
class Role:
    """A person's part. ``deputy`` is another role; ``may`` holds ``declare`` and ``spend``."""

    id: str
    name: Names | None
    deputy: str | None
    may: tuple[str, ...]
