# SPDX-License-Identifier: Apache-2.0
"""The systems of a policy with their copies: what each copy lacks at most, and what brings it back."""

from __future__ import annotations

from dataclasses import replace

from bascule.analysis import lines
from bascule.analysis.copies import Copy, Window
from bascule.analysis.model import System
from bascule.assumptions import SECONDS
from bascule.cloud import built_late
from bascule.ordering import Shape
from bascule.plan import Json
from bascule.policy import Policy
from bascule.policy import System as Written
from bascule.predict import NOTHING_MEASURED, bring, first_steps, start, volume
from bascule.protections import Volume, placed, protection
from bascule.systems import type_of
from bascule.third import third_of

THIRD = "third"


def systems_of(policy: Policy, shape: Shape) -> dict[str, System]:
    """Given a policy and its order, return its systems as they are analysed."""
    bound: dict[str, list[str]] = {name: list(system.consistent_with) for name, system in policy.systems.items()}
    for name, system in policy.systems.items():
        for other in system.consistent_with:
            bound[other].append(name)
    late = built_late(policy)
    return {
        name: _system(policy, written, shape.after[name], tuple(dict.fromkeys(bound[name])), late)
        for name, written in policy.systems.items()
    }


def _system(
    policy: Policy, written: Written, after: tuple[str, ...], bound: tuple[str, ...], late: frozenset[str]
) -> System:
    kind = type_of(policy, written)
    settings = kind.settings(policy, written)
    keeps = kind.keeps(settings)
    return System(
        home=f"system:{written.id}@primary",
        away=f"system:{written.id}@standby",
        place=f"machine:{written.runs_on['primary']}",
        keeps=keeps,
        copies=copies_of(policy, written, late) if keeps else (),
        bound=bound,
        after=after,
        begin=first_steps(written.runs_on["standby"] in late),
        finish=start(kind, settings, policy.measured.get(written.id, NOTHING_MEASURED)),
    )


def copies_of(policy: Policy, written: Written, late: frozenset[str]) -> tuple[Copy, ...]:
    away = written.runs_on["standby"] in late
    made = (protection(item.by).entry(policy.id, written, item) for item in written.protect)
    entries = tuple(placed(entry, written.id, away) for entry in made)
    copies = [_copy(policy, written, entry, late) for entry in entries]
    third = third_of(policy, written.id, entries)
    if third is None:
        return tuple(copies)
    here, data = policy.machines[third.machine].site, _volume(policy, written)
    lag_s = SECONDS["push"] + lines.sending_s(policy, "standby", here, data, third.every_s)
    first = next(copy for copy in copies if copy.technology == third.by)
    fetched = replace(
        first,
        id=f"copy:{written.id}/{THIRD}",
        at=f"machine:{third.machine}",
        path=(*first.path, Window(third.every_s, lag_s)),
        keep_s=third.keep_s,
        bring=(lines.fetching(policy, here, "standby", data), *first.bring),
    )
    return (*copies, fetched)


def _copy(policy: Policy, written: Written, entry: Json, late: frozenset[str]) -> Copy:
    kind, data = protection(entry["by"]), _volume(policy, written)
    settings = type_of(policy, written).settings(policy, written)
    measured = policy.measured.get(written.id, NOTHING_MEASURED)
    gathers_s = kind.gathers(entry)
    lag_s = kind.loss(entry).seconds - gathers_s + lines.sending_s(policy, "primary", "standby", data, gathers_s)
    return Copy(
        id=f"copy:{written.id}/{entry['by']}",
        at=_place(policy, written.runs_on["standby"], late),
        technology=entry["by"],
        path=(Window(gathers_s, lag_s),),
        keep_s=entry.get("keep_s"),
        live=kind.live,
        bring=bring(policy, entry, written, settings, measured),
    )


def _place(policy: Policy, machine: str, late: frozenset[str]) -> str:
    """Return where the copies of a machine are: on it, or in the bucket of its site before it is built."""
    return f"bucket:{policy.machines[machine].site}" if machine in late else f"machine:{machine}"


def _volume(policy: Policy, written: Written) -> Volume:
    return volume(written, policy.machines[written.runs_on["standby"]])
