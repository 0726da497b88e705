# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""restic on a machine: how it reaches the repository, what is in it, and getting it out again."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    machine_files,
    machine_run,
    restic_bucket,
    restic_folder,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

# Where a repository can be: modules with the same functions.
PLACES = {False: restic_folder, True: restic_bucket}


def place(job: Job) -> Any:
    """The module of the place where the copies of this system are."""
    return PLACES[job.in_bucket]


def where(job: Job) -> str:
    """The place of the copies, as it is told to people."""
    return str(place(job).where(job))


def argv(job: Job, may_delete: bool = False) -> list[str]:
    """restic up to its command, for reading and writing from this machine."""
    return list(place(job).argv(job, may_delete))


def reading(job: Job) -> list[str]:
    """restic up to its command, for reading only, whoever holds a lock."""
    return list(place(job).reading(job))


def ensure_password(job: Job) -> bool:
    return machine_files.write(job.names.setting("password"), f"{job.password}\n", mode=0o600)


def ensure_repository(job: Job) -> bool:
    """An empty repository where there is none; True when something was made.

    Raises TroubleError when there is one that the key does not open.
    """
    return bool(place(job).ensure_repository(job))


def identity(job: Job) -> str:
    """Which repository this is; one that was made anew is another."""
    return str(place(job).identity(job))


def drop_dead_locks(job: Job, alone: bool) -> bool:
    """Remove locks that a dead process left; restic itself would wait for half an hour.

    `alone`: nobody else is there.
    """
    return bool(place(job).drop_dead_locks(job, alone))


def moment(text: str) -> float:
    """Epoch seconds of an ISO 8601 time with its zone (`2026-11-23T15:10:24+01:00`, `…Z`, fractions) or of a number.

    Raises TroubleError for other texts.
    """
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return float(text)
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)", text.strip())
    if not match:
        raise TroubleError(f"The recovery point {text} is neither a copy nor a time with its zone. Write the identity "
                           "that dr-status.yml shows, or a time such as 2026-11-23T15:10:24+01:00.")
    day, minute, second, fraction, zone = match.groups()
    zone = "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[-2:]}"
    return datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{zone}").timestamp() + float(fraction or 0)


def snapshots(job: Job) -> list[dict[str, Any]]:
    """The recovery points, newest first: `{"id", "at", "by", "kind", "bytes", "verified", "paths"}`.

    `at` is when the copy began, so nothing in it is older than that says. `bytes` is unknown to restic 0.14.
    """
    if not place(job).there(job):
        return []
    sentence = f"The copies of {job.id} on {job.machine} cannot be read"
    listed = json.loads(machine_run.must([*reading(job), "snapshots", "--json"], sentence, limit_s=120) or "[]")
    restored, ours = set(job.state().get("restored") or []), place(job).counts
    points = [
        {"id": entry["short_id"], "at": moment(entry["time"]), "by": "restic", "kind": "snapshot", "bytes": None,
         "verified": entry["short_id"] in restored, "paths": list(entry["paths"])}
        for entry in listed or [] if ours(job, moment(entry["time"]), entry.get("tags") or [])
    ]  # fmt: skip
    return sorted(points, key=lambda point: float(point["at"]), reverse=True)


def chosen(points: list[dict[str, Any]], asked: str | None, not_after: float | None, mode: str) -> dict[str, Any]:
    """The point that a recovery takes: the one that is named, else the newest that is not after the time asked for.

    Takes points newest first; `asked` as the user wrote it; `not_after` in epoch seconds, for systems that are
    recovered to one moment; the mode of the scenario. Raises TroubleError when none fits.
    """
    if not points:
        raise TroubleError("There is no copy to recover from.")
    if asked and re.fullmatch(r"[0-9a-f]{8,64}", asked) and not re.fullmatch(r"\d{9,11}", asked):
        named = [point for point in points if asked.startswith(point["id"])]
        if not named:
            raise TroubleError(f"There is no copy {asked}. dr-status.yml lists those that there are.")
        return named[0]
    if not asked and mode == "compromise":
        raise TroubleError("The newest copy may hold the damage. Choose a moment before it with -e recovery_point=.")
    limits = [limit for limit in (moment(asked) if asked else None, not_after) if limit is not None]
    # A copy that says 15:10:24.7 is the one that a person means by 15:10:24.
    fitting = [point for point in points if not limits or point["at"] < min(limits) + 1]
    if not fitting:
        oldest = datetime.fromtimestamp(float(points[-1]["at"])).astimezone().isoformat(timespec="seconds")
        raise TroubleError(f"No copy is as old as that: the oldest is of {oldest}. Choose a later moment.")
    return fitting[0]


def pattern(path: str) -> str:
    """A path as restic's `--include` takes it, where `* ? [ ] \\` have a meaning."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", path)


class DamagedError(TroubleError):
    """A copy that is there and cannot be read back whole; the text is the program's own reason."""


# What the machine lacks, rather than the copy.
NOT_THE_COPY = ("no space left", "no end after", "permission denied", "wrong password", "read-only file system")


def why_not(ended: machine_run.Ended) -> str:
    """The first reason that restic gives: its last line only counts the errors."""
    lines = [line.strip() for line in f"{ended.err}\n{ended.out}".splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("ignoring error for", "cannot dump", "Pack ID"))]
    return (told or [ended.reason])[0].replace("ignoring error for ", "")[:300]


def whole(job: Job, point: dict[str, Any], limit_s: float) -> bool | None:
    """Whether a point can be read from its first byte to its last; None when `limit_s` seconds did not suffice."""
    discard = ["sh", "-c", 'exec "$@" > /dev/null', "sh"]
    ended = machine_run.run([*discard, *reading(job), "dump", point["id"], "/"], limit_s=limit_s)
    return None if ended.code == machine_run.STOPPED_AT_LIMIT else ended.code == 0


def needed(job: Job, point: dict[str, Any]) -> int | None:
    """Bytes of the files of a point once they are restored; None when restic does not say."""
    ended = machine_run.run([*reading(job), "stats", point["id"], "--mode", "restore-size", "--json"], limit_s=120)
    try:
        return int(json.loads(ended.out)["total_size"])
    except (ValueError, KeyError, TypeError):
        return None


def restore(job: Job, point: dict[str, Any], target: str, paths: list[str], limit_s: float, verify: bool) -> None:
    """Bring `paths` of a point back below `target`.

    Raises DamagedError when the copy cannot be read, TroubleError when any file did not come for another reason.
    """
    includes = [word for path in paths for word in ("--include", pattern(path))]
    more = ["--verify"] if verify else []
    command = [*reading(job), "restore", point["id"], "--target", target, *more, *includes]
    ended = machine_run.run(command, limit_s=limit_s)
    if ended.code != 0:
        told = f"{ended.err}{ended.out}".lower()
        if not any(words in told for words in NOT_THE_COPY):
            raise DamagedError(why_not(ended))
        room = " The disk is full." if "no space left" in told else ""
        raise TroubleError(f"The copy {point['id']} of {job.id} could not be restored; what was there is untouched: "
                           f"{ended.reason}.{room} Look at {where(job)}, or choose another point.")
