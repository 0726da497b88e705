# SPDX-License-Identifier: Apache-2.0
"""restic: snapshots of files in an encrypted repository at the standby; history, restored when it is needed."""

from __future__ import annotations

from bascule import policy
from bascule.assumptions import RATES, SECONDS
from bascule.plan import Json, Loss, Part
from bascule.protections import BUCKET, Protection, Volume, longest, named, repository
from bascule.values import DAY

_EVERY_S = 3600
_KEEP_S = 30 * DAY
# Walking through a large tree takes minutes, so copies cannot come more often than that.
_PERIODS_S = (300, 600, 900, 1800, 3600, 4 * 3600, 12 * 3600, DAY)


def _entry(policy_id: str, system: policy.System, written: policy.Protection) -> Json:
    return {
        "by": "restic",
        "every_s": written.every_s or _EVERY_S,
        "keep_s": written.keep_s or _KEEP_S,
        "key": named(written.key),
        "repository": repository(policy_id, system.id),
    }


def _loss(entry: Json) -> Loss:
    # A snapshot is of its start; the site may be lost just before the next one has arrived.
    return Loss(entry["every_s"] + SECONDS["push"], "default", "restic")


def _gathers(entry: Json) -> float:
    return float(entry["every_s"])


def _bring(entry: Json, volume: Volume) -> tuple[Part, ...]:
    rate, source = volume.restore_bytes_per_s, volume.source
    if entry.get("place") == BUCKET and RATES["fetch"] < rate:
        rate, source = RATES["fetch"], "default"
    return (Part("restore", round(SECONDS["open_repository"] + volume.size_bytes / rate, 1), source),)


def _within(loss_s: float, keep_s: int, key: str | None) -> policy.Protection:
    return policy.Protection("restic", longest(_PERIODS_S, loss_s - SECONDS["push"]), None, None, keep_s, key)


KIND = Protection(_entry, _loss, _bring, _gathers, _within, bounded_by="every")
