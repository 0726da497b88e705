# SPDX-License-Identifier: Apache-2.0
"""What a way comes to in a scenario: when it begins, what it takes, which copy it is taken from and what that lacks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bascule.analysis.copies import Copy, Left, left_of, newest
from bascule.analysis.model import Model
from bascule.analysis.scenario import Struck, strike
from bascule.assumptions import LASTS_S
from bascule.choice.problem import NEVER
from bascule.choice.ways import ACCEPT, MEDIUM, Way
from bascule.plan import Part
from bascule.policy import Policy

BUILD = "build"
RECOVERS, STOPPED, ALL_LOST = "recovers", "stopped", "all_lost"


@dataclass(frozen=True)
class Met:
    """``word``: it recovers, is stopped for as long as what happened lasts, or has lost all of its data.

    ``waits_s``: when it can begin, counted from the start of the recovery; ``parts``: what it takes then.
    """

    word: str
    waits_s: float
    parts: tuple[Part, ...]
    loses_s: float
    copy: str | None

    @property
    def takes_s(self) -> float:
        """How long it takes once it can begin."""
        return sum(part.seconds for part in self.parts)


@dataclass(frozen=True)
class Blow:
    """A scenario that strikes a firm without any copies: what is down then, whatever way is chosen."""

    id: str
    struck: Struck
    fixed_s: float

    @property
    def lasts_s(self) -> float:
        """How long it lasts; where nobody says, as long as is assumed."""
        declared = self.struck.scenario.lasts_s
        return LASTS_S if declared is None else declared


def blows(bare: Model) -> tuple[Blow, ...]:
    """Given the model of a policy without copies, return what each of its scenarios does."""
    # That machines are built first is counted with the ways that need it.
    fixed_s = sum(part.seconds for part in (*bare.before, *bare.ending) if part.name != BUILD)
    return tuple(Blow(name, strike(bare, scenario), fixed_s) for name, scenario in bare.scenarios.items())


def meets(bare: Model, system: str, way: Way, blow: Blow) -> Met:
    """Given the model of a policy without copies, a system, a way for it and a blow, return what the way comes to."""
    node, lasts_s = f"system:{system}@standby", max(0.0, blow.lasts_s - blow.fixed_s)
    keeps = bare.systems[system].keeps
    left = newest([_left(way, copy, system, blow) for copy in way.copies]) if way.copies else None
    if way.id == ACCEPT or (keeps and left is None):
        # All is lost where copies are; where the original comes back, its data do too.
        gone = keeps and (system in blow.struck.damaged or blow.struck.scenario.mode == "loss")
        return Met(ALL_LOST if gone else STOPPED, lasts_s, (), NEVER if gone else 0.0, None)
    lost_s = left.age_s or 0.0 if left else 0.0
    if node in blow.struck.down:
        return Met(STOPPED, lasts_s, (), lost_s, left.copy.id if left else None)
    bring = left.copy.bring if left else ()
    waits_s = sum(part.seconds for part in way.waits)
    return Met(RECOVERS, waits_s, (*way.begin, *bring, *way.finish), lost_s, left.copy.id if left else None)


def _left(way: Way, copy: Copy, system: str, blow: Blow) -> Left:
    """Return what is left of a copy: its place must be there, and the key that it is read with."""
    keys = {f"secret:{item.key}" for item in way.protect if item.by == copy.technology and item.key}
    down = set(blow.struck.down) | ({copy.id} if (copy.at in blow.struck.down or keys & blow.struck.down) else set())
    hit = copy.at != MEDIUM and copy.at in _spoilt(blow)
    down |= {copy.id, copy.at} if hit else set()
    return left_of(copy, down, system in blow.struck.damaged, blow.struck.scenario.unseen_s)


def _spoilt(blow: Blow) -> frozenset[str]:
    return frozenset(blow.struck.scenario.nodes) if blow.struck.scenario.mode == "corruption" else frozenset()


def stripped(policy: Policy) -> Policy:
    """Given a policy, return it without any copies: what is down then is so whatever way is chosen."""
    systems = {name: replace(system, protect=()) for name, system in policy.systems.items()}
    return replace(policy, systems=systems)
