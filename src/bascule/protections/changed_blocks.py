# SPDX-License-Identifier: Apache-2.0
"""The blocks of a virtual machine that changed since the last copy, in chains that our own manifest vouches for."""

from __future__ import annotations

from bascule import policy
from bascule.assumptions import RATES, SECONDS
from bascule.plan import Json, Loss, Part
from bascule.protections import Protection, Volume, longest, named, repository
from bascule.values import DAY

_EVERY_S = 900
_FULL_EVERY_S = 7 * DAY
_KEEP_S = 30 * DAY
_PERIODS_S = (60, 120, 300, 600, 900, 1800, 3600, 4 * 3600, DAY)


def _entry(policy_id: str, system: policy.System, written: policy.Protection) -> Json:
    return {
        "by": "changed-blocks",
        "every_s": written.every_s or _EVERY_S,
        "full_every_s": written.full_every_s or _FULL_EVERY_S,
        "keep_s": written.keep_s or _KEEP_S,
        "key": named(written.key),
        "repository": repository(policy_id, system.id),
        "takes_s": SECONDS["changed_blocks"],
        "ready": bool(system.settings.get("ready", False)),
    }


def _loss(entry: Json) -> Loss:
    return Loss(entry["every_s"] + entry["takes_s"] + SECONDS["push"], "default", "changed-blocks")


def _gathers(entry: Json) -> float:
    return float(entry["every_s"])


def _bring(entry: Json, volume: Volume) -> tuple[Part, ...]:
    if entry["ready"]:
        return (Part("overlay", SECONDS["overlay"], "default"),)
    # The chain comes out of the repository, then it is put together.
    restore_s = SECONDS["open_repository"] + volume.size_bytes / volume.restore_bytes_per_s
    merge_s = volume.size_bytes / RATES["merge_chain"]
    return (Part("restore", round(restore_s, 1), volume.source), Part("merge", round(merge_s, 1), "default"))


def _within(loss_s: float, keep_s: int, key: str | None) -> policy.Protection:
    every_s = longest(_PERIODS_S, loss_s - SECONDS["push"] - SECONDS["changed_blocks"])
    return policy.Protection("changed-blocks", every_s, None, _FULL_EVERY_S, keep_s, key)


KIND = Protection(_entry, _loss, _bring, _gathers, _within, bounded_by="every")
