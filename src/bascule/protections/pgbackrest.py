# SPDX-License-Identifier: Apache-2.0
"""pgBackRest: base backups and archived log at the standby; history, restored when it is needed."""

from __future__ import annotations

from bascule import policy
from bascule.assumptions import RATES, SECONDS
from bascule.plan import Json, Loss, Part
from bascule.protections import Protection, Volume, longest, named, repository
from bascule.values import DAY

_EVERY_S = DAY
_ARCHIVE_S = 300
_FULL_EVERY_S = 7 * DAY
_KEEP_S = 30 * DAY
_HOUR_S = 3600
# A segment of log that is sent more often is mostly empty.
_ARCHIVES_S = (30, 60, 300, 600, 900, 1800, 3600)


def _entry(policy_id: str, system: policy.System, written: policy.Protection) -> Json:
    return {
        "by": "pgbackrest",
        "stanza": system.id,
        "every_s": written.every_s or _EVERY_S,
        "archive_s": written.archive_s or _ARCHIVE_S,
        "full_every_s": written.full_every_s or _FULL_EVERY_S,
        "keep_s": written.keep_s or _KEEP_S,
        "key": named(written.key),
        "repository": repository(policy_id, system.id),
    }


def _loss(entry: Json) -> Loss:
    # A segment of log waits at most archive_s, then has to arrive.
    return Loss(entry["archive_s"] + SECONDS["push"], "default", "pgbackrest")


def _gathers(entry: Json) -> float:
    return float(entry["archive_s"])


def _bring(entry: Json, volume: Volume) -> tuple[Part, ...]:
    log_bytes = volume.change_bytes_per_day * entry["every_s"] / DAY
    return (
        Part(
            "restore",
            round(SECONDS["open_repository"] + volume.size_bytes / volume.restore_bytes_per_s, 1),
            volume.source,
        ),
        Part("start", SECONDS["start_database"], "default"),
        Part("replay", round(log_bytes / RATES["replay"], 1), "default"),
        Part("promote", SECONDS["promote"], "default"),
    )


def _within(loss_s: float, keep_s: int, key: str | None) -> policy.Protection:
    archive_s = longest(_ARCHIVES_S, loss_s - SECONDS["push"])
    return policy.Protection("pgbackrest", _HOUR_S, archive_s, _FULL_EVERY_S, keep_s, key)


KIND = Protection(_entry, _loss, _bring, _gathers, _within, bounded_by="archive")
