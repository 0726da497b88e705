# SPDX-License-Identifier: Apache-2.0
"""Whole disks of a virtual machine, read from a snapshot into an encrypted repository: no chain that can be lost."""

from __future__ import annotations

from bascule import policy
from bascule.assumptions import RATES, SECONDS, SIZE_BYTES
from bascule.plan import Json, Loss, Part
from bascule.protections import Protection, Volume, longest, named, repository
from bascule.values import DAY

_EVERY_S = 3600
_KEEP_S = 30 * DAY
_PERIODS_S = (300, 600, 900, 1800, 3600, 4 * 3600, 12 * 3600, DAY)


def reading_s(size_bytes: int | None) -> float:
    """Given the size of a guest's disks, return how many seconds it takes to read them."""
    return round((SIZE_BYTES if size_bytes is None else size_bytes) / RATES["read_image"], 1)


def _entry(policy_id: str, system: policy.System, written: policy.Protection) -> Json:
    return {
        "by": "image",
        "every_s": written.every_s or _EVERY_S,
        "keep_s": written.keep_s or _KEEP_S,
        "key": named(written.key),
        "repository": repository(policy_id, system.id),
        "takes_s": reading_s(system.size_bytes),
        "ready": bool(system.settings.get("ready", False)),
    }


def _loss(entry: Json) -> Loss:
    # A copy is of the moment of its snapshot; the site may be lost just before the next one has been read and sent.
    return Loss(entry["every_s"] + entry["takes_s"] + SECONDS["push"], "default", "image")


def _gathers(entry: Json) -> float:
    return float(entry["every_s"])


def _bring(entry: Json, volume: Volume) -> tuple[Part, ...]:
    if entry["ready"]:
        return (Part("overlay", SECONDS["overlay"], "default"),)
    restore_s = SECONDS["open_repository"] + volume.size_bytes / volume.restore_bytes_per_s
    return (Part("restore", round(restore_s, 1), volume.source),)


def _within(loss_s: float, keep_s: int, key: str | None) -> policy.Protection:
    return policy.Protection("image", longest(_PERIODS_S, loss_s - SECONDS["push"]), None, None, keep_s, key)


KIND = Protection(_entry, _loss, _bring, _gathers, _within, bounded_by="every")
