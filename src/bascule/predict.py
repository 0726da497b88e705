# SPDX-License-Identifier: Apache-2.0
"""How long a recovery should take and how much it should lose, before it was ever tried.

A system's time is the sum of its own parts. An activity's is the heaviest chain of the systems of its switch group,
with the guard before and the switch and the first question after; its loss is the largest of the systems it depends on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from bascule import policy
from bascule.assumptions import CHANGE_BYTES_PER_DAY, RATES, SECONDS, SIZE_BYTES
from bascule.graph import Edges, heaviest
from bascule.plan import Duration, Json, Loss, Part, Predicted
from bascule.protections import Volume, protection
from bascule.systems import SystemType, type_of

# The key under which runs say how long what keeps no data took.
START = "start"
NOTHING_MEASURED: Mapping[str, int] = {}
_NOTHING_TO_LOSE = Loss(0, "declared", None)


def for_system(
    written: policy.Policy,
    system: policy.System,
    settings: Json,
    protections: Sequence[Json],
    late: bool,
    measured: Mapping[str, int] = NOTHING_MEASURED,
) -> Predicted:
    """Given a policy, one of its systems, its settings and protections as planned, whether the machine of the standby
    is built when it is needed, and what runs showed of it, return what is expected after the loss of a site.
    """
    kind = type_of(written, system)
    parts = list(first_steps(late))
    loss = _NOTHING_TO_LOSE
    if protections and kind.keeps(settings):
        # After a plain loss the copy that loses least is taken; it repeats damage, but there was none.
        entry = min(protections, key=lambda entry: protection(entry["by"]).loss(entry).seconds)
        loss = protection(entry["by"]).loss(entry)
        parts += bring(written, entry, system, settings, measured)
    return Predicted(duration([*parts, *start(kind, settings, measured)]), loss)


def start(kind: SystemType, settings: Json, measured: Mapping[str, int]) -> tuple[Part, ...]:
    """Given the type of a system, its settings and what runs showed of it, return what its recovery takes beside its
    data.
    """
    if START in measured and not kind.keeps(settings):
        return (Part(START, max(0.0, measured[START] - _steps_s()), "measured"),)
    return tuple(kind.start(settings))


def bring(
    written: policy.Policy, entry: Json, system: policy.System, settings: Json, measured: Mapping[str, int]
) -> tuple[Part, ...]:
    """Given a policy, a protection as planned, its system, and what runs showed, return what brings the data."""
    if entry["by"] in measured:
        others_s = _steps_s() + sum(part.seconds for part in start(type_of(written, system), settings, measured))
        return (Part("recover", max(0.0, measured[entry["by"]] - others_s), "measured"),)
    return tuple(protection(entry["by"]).bring(entry, volume(system, written.machines[system.runs_on["standby"]])))


def _steps_s() -> float:
    return sum(part.seconds for part in first_steps(late=False))


def first_steps(late: bool) -> tuple[Part, ...]:
    """Given whether its machine is built when it is needed, return what the recovery of a system begins with."""
    steps = Part("steps", SECONDS["steps"], "default")
    return (Part("prepare", SECONDS["prepare"], "default"), steps) if late else (steps,)


def before_all(late: Collection[str]) -> tuple[Part, ...]:
    """Given the machines that are built when they are needed, return what is done before any system is recovered."""
    guard = Part("guard", SECONDS["guard"], "default")
    # They are built side by side, and nothing begins before all are there.
    return (guard, Part("build", SECONDS["build_machines"], "default")) if late else (guard,)


def for_group(
    moving: Mapping[str, Predicted], after: Edges, before: Sequence[Part], switching: Sequence[Part]
) -> Duration:
    """Given the systems of a switch group, what each comes after, what is done before, and the switch's parts, return
    how long it takes until an activity of the group is usable. Users are sent over when the whole group is ready.
    """
    edges = {name: after[name] for name in moving}
    chain = heaviest(edges, {name: predicted.rto.seconds for name, predicted in moving.items()}, moving)
    parts = [*before]
    parts += [replace(part, name=f"{name}: {part.name}") for name in chain for part in moving[name].rto.parts]
    parts += [replace(part, name=f"switch: {part.name}") for part in switching]
    parts += [Part("ask", SECONDS["ask"], "default")]
    return duration(parts)


def duration(parts: Sequence[Part]) -> Duration:
    """Given parts that follow each other, return the whole."""
    return Duration(round(sum(part.seconds for part in parts), 1), tuple(parts))


def worst(losses: Iterable[Loss]) -> Loss:
    """Given losses, return the largest; nothing to lose when there is none."""
    return max(losses, key=lambda loss: loss.seconds, default=_NOTHING_TO_LOSE)


def volume(system: policy.System, machine: policy.Machine) -> Volume:
    """Given a system and the machine on which it is recovered, return how much data it is counted as, and how fast."""
    declared = system.size_bytes is not None and machine.restores_bytes_per_s is not None
    return Volume(
        SIZE_BYTES if system.size_bytes is None else system.size_bytes,
        CHANGE_BYTES_PER_DAY if system.change_bytes_per_day is None else system.change_bytes_per_day,
        RATES["restore"] if machine.restores_bytes_per_s is None else machine.restores_bytes_per_s,
        "declared" if declared else "default",
    )
