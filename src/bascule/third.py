# SPDX-License-Identifier: Apache-2.0
"""The third place: a machine at neither site that fetches the standby's copies, so that they survive both."""

from __future__ import annotations

from collections.abc import Sequence

from bascule import policy
from bascule.assumptions import SECONDS
from bascule.plan import Json, Third
from bascule.protections import MACHINE, protection

_EVERY_S = 900
_KEEP_S = 30 * 86400


def third_of(written: policy.Policy, system: str, protections: Sequence[Json]) -> Third | None:
    """Given a policy, the id of a system and its protections as planned, return where its copies are kept once more.

    None when the policy names no third place, or when the standby's machine has no repository of the system: a live
    copy cannot be fetched, and a bucket is a place of its own.
    The loss is that of the repository, and what arrived there after the last fetch.
    """
    found = next((entry for entry in protections if entry.get("place") == MACHINE), None)
    place = next(iter(written.copies.values()), None)
    if place is None or found is None:
        return None
    machine = written.machines[place.machine]
    every_s = place.every_s or _EVERY_S
    return Third(
        machine=machine.id,
        address=machine.address or "",
        by=found["by"],
        repository=found["repository"],
        folder=f"/var/lib/bascule-copies/{written.id}/{system}",
        every_s=every_s,
        keep_s=place.keep_s or _KEEP_S,
        rpo_s=protection(found["by"]).loss(found).seconds + every_s + SECONDS["push"],
    )
