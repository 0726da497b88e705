# SPDX-License-Identifier: Apache-2.0
"""All that an analysis is computed from. Seconds, bytes, shares from 0 to 1; nodes and systems by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bascule.analysis.copies import Copy
from bascule.analysis.fate import Group
from bascule.analysis.nodes import Node
from bascule.analysis.stakes import Stakes
from bascule.plan import Part

# What a scenario does to what it touches. `planned` is no risk.
LOSS, UNAVAILABILITY, CORRUPTION, COMPROMISE = MODES = ("loss", "unavailability", "corruption", "compromise")
# In these the newest copy may be as bad as the original.
DAMAGING = frozenset({CORRUPTION, COMPROMISE})


@dataclass(frozen=True)
class System:
    """What is recovered as one thing: its nodes where it serves (``home``) and where it is recovered (``away``).

    ``place``: the node that holds its data at home. ``bound``: systems that go back to one moment with it. ``after``:
    systems that are recovered before it. ``begin``, ``finish``: what its recovery takes before and after its data are
    brought.
    """

    home: str
    away: str | None = None
    place: str | None = None
    keeps: bool = True
    copies: tuple[Copy, ...] = ()
    bound: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    begin: tuple[Part, ...] = ()
    finish: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Activity:
    """What the firm does: its nodes where it serves and where it is recovered; systems it depends on and moves with."""

    serves: str
    recovers: str
    depends: tuple[str, ...]
    moves: tuple[str, ...]
    rto_s: float
    rpo_s: float
    mtpd_s: float
    pdma_s: float
    stakes: Stakes = field(default_factory=Stakes)


@dataclass(frozen=True)
class Scenario:
    """Something that may happen: its mode, the nodes and the systems that it touches, events a year, how long it lasts.

    ``unseen_s``: how long damage stays unseen.
    """

    mode: str
    nodes: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    per_year: float | None = None
    lasts_s: float | None = None
    unseen_s: float = 0


@dataclass(frozen=True)
class Model:
    """A whole firm. ``before``, ``ending``: what every recovery takes before its systems and after them."""

    graph: Mapping[str, Node]
    systems: Mapping[str, System] = field(default_factory=dict)
    activities: Mapping[str, Activity] = field(default_factory=dict)
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    before: tuple[Part, ...] = ()
    ending: tuple[Part, ...] = ()
