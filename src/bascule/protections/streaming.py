# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL streaming replication: a live copy, ready at once, that repeats damage too."""

from __future__ import annotations

import hashlib

from bascule import policy
from bascule.assumptions import SECONDS
from bascule.plan import Json, Loss, Part
from bascule.protections import Protection, Volume

# PostgreSQL cuts longer names of replication slots.
_LONGEST_SLOT = 63


def _entry(policy_id: str, system: policy.System, written: policy.Protection) -> Json:
    return {"by": "streaming", "slot": _slot(system.id)}


def _slot(system_id: str) -> str:
    name = "bascule_" + system_id.replace("-", "_")
    if len(name) <= _LONGEST_SLOT:
        return name
    mark = hashlib.sha256(system_id.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST_SLOT - len(mark) - 1]}_{mark}"


def _loss(entry: Json) -> Loss:
    return Loss(SECONDS["streaming_lag"], "default", "streaming")


def _gathers(entry: Json) -> float:
    return 0.0


def _bring(entry: Json, volume: Volume) -> tuple[Part, ...]:
    return (Part("promote", SECONDS["promote"], "default"),)


def _within(loss_s: float, keep_s: int, key: str | None) -> policy.Protection:
    return policy.Protection("streaming", None, None, None, None, None)


KIND = Protection(_entry, _loss, _bring, _gathers, _within, live=True)
