# SPDX-License-Identifier: Apache-2.0
"""What a scenario means for an activity: whether it goes on, how long a recovery takes, what is lost, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bascule.analysis.copies import Left, newest
from bascule.analysis.model import Activity, Model
from bascule.analysis.scenario import Struck
from bascule.analysis.stakes import Worst
from bascule.analysis.structure import cone
from bascule.graph import heaviest
from bascule.plan import Part

GOES_ON, RECOVERS, STOPPED = WORDS = ("goes_on", "recovers", "stopped")


@dataclass(frozen=True)
class Lost:
    """The data that are lost: as time, of which system, by which copy they were bounded."""

    seconds: float
    system: str
    copy: str


@dataclass(frozen=True)
class Outcome:
    """``word``: the activity goes on, recovers elsewhere, or is stopped until what happened is over.

    ``parts``: what the recovery takes, in order. ``lasts_s``: how long the activity is stopped; None when nobody said
    how long what happened lasts. ``lost``: None when nothing is lost; ``unsaved``: systems of which nothing is left.
    ``because``: the nodes that keep it from recovering. ``kept``: which of rto, rpo, mtpd, pdma hold.
    """

    word: str
    parts: tuple[Part, ...] = ()
    lasts_s: float | None = 0
    lost: Lost | None = None
    unsaved: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    kept: Mapping[str, bool] | None = None
    cost: Worst | None = None


def outcome(model: Model, struck: Struck, activity: Activity) -> Outcome:
    """Given a firm in a scenario, return what it means for one of its activities."""
    if activity.serves not in struck.down:
        return Outcome(GOES_ON)
    lost, unsaved = _lost(model, struck, activity)
    if activity.recovers in struck.down:
        because = _because(model, struck, activity.recovers)
        found = Outcome(STOPPED, (), struck.scenario.lasts_s, lost, unsaved, because)
    else:
        parts = recovery(model, struck, activity)
        found = Outcome(RECOVERS, parts, round(sum(part.seconds for part in parts), 1), lost, unsaved)
    cost = None if found.lasts_s is None else activity.stakes.worst(found.lasts_s)
    return replace(found, kept=_kept(activity, found), cost=cost)


def recovery(model: Model, struck: Struck, activity: Activity) -> tuple[Part, ...]:
    """Return what the recovery of an activity takes: the heaviest chain of the systems that move with it, with what
    every recovery takes before and after. Data come from the newest good copy.
    """
    taken = {name: _parts(model, struck, name) for name in activity.moves}
    edges = {name: tuple(other for other in model.systems[name].after if other in taken) for name in taken}
    weights = {name: sum(part.seconds for part in parts) for name, parts in taken.items()}
    chain = heaviest(edges, weights, taken)
    middle = [replace(part, name=f"{name}: {part.name}") for name in chain for part in taken[name]]
    return (*model.before, *middle, *model.ending)


def _parts(model: Model, struck: Struck, name: str) -> tuple[Part, ...]:
    system = model.systems[name]
    best = newest(struck.left[name]) if system.keeps else None
    return (*system.begin, *(best.copy.bring if best else ()), *system.finish)


def _lost(model: Model, struck: Struck, activity: Activity) -> tuple[Lost | None, tuple[str, ...]]:
    """Return the largest loss of the systems that an activity depends on, and those of which nothing is left.

    Systems of one moment go back to the older of theirs.
    """
    keeping = [name for name in activity.depends if model.systems[name].keeps]
    best: dict[str, Left | None] = {}
    for name in dict.fromkeys(other for one in keeping for other in (one, *model.systems[one].bound)):
        best[name] = newest(struck.left[name])
    unsaved = tuple(name for name in keeping if best[name] is None)
    losses = [Lost(left.age_s or 0, name, left.copy.id) for name, left in best.items() if left]
    return max(losses, key=lambda lost: lost.seconds, default=None), unsaved


def _because(model: Model, struck: Struck, top: str) -> tuple[str, ...]:
    """Return the nodes below a top that are down while all that they need is not: where it began."""
    down = [name for name in cone(model.graph, [top]) if name in struck.down]
    return tuple(name for name in down if not any(other in struck.down for other in model.graph[name].below))


def _kept(activity: Activity, found: Outcome) -> dict[str, bool]:
    lasts_s = float("inf") if found.lasts_s is None else found.lasts_s
    loss_s = float("inf") if found.unsaved else found.lost.seconds if found.lost else 0.0
    bounds = {
        "rto": (lasts_s, activity.rto_s),
        "rpo": (loss_s, activity.rpo_s),
        "mtpd": (lasts_s, activity.mtpd_s),
        "pdma": (loss_s, activity.pdma_s),
    }
    return {word: found_s <= bound_s for word, (found_s, bound_s) in bounds.items()}
