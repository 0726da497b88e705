# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery points of a PostgreSQL system, and which one a recovery takes. Pure, but for the age of log files."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError

LIVE, NEWEST = "live", "archive"
NAMES = {LIVE, NEWEST}
HISTORY_MODES = {"compromise", "corruption"}  # a live copy repeats what these did
# pgBackRest tells whole seconds, cut off: only after this long a backup has surely ended.
CUT_OFF_S = 1.0
AHEAD_FROM = 8  # segments; the times of both ways cross somewhere between three and thirty
SEGMENT = re.compile(r"^([0-9A-F]{24})-[0-9a-f]{40}(\.\w+)?$")
LABEL = re.compile(r"^\d{8}-\d{6}F(_\d{8}-\d{6}[DI])?$")


@dataclass(frozen=True)
class Segment:
    """A log segment in the repository: its name, and when it came (epoch seconds)."""

    name: str
    at: float


@dataclass(frozen=True)
class Choice:
    """What a recovery will do: `strategy` promote or restore; `kind` newest, time or backup, `target` for those two.

    `bases` are backups to start from, the best first; `made` is when each backup that there is ended.
    """

    strategy: str
    why: str
    kind: str = "newest"
    target: str = ""
    ahead: bool = True  # whether log is fetched before it is asked for
    bases: tuple[str, ...] = ()
    made: tuple[tuple[str, float], ...] = ()


def backups(info: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Points from one stanza of `pgbackrest info --output=json`, newest first; broken backups are left out.

    `verified` stays false: pgBackRest checked the pages while copying, but nobody restored the copy.
    """
    points = []
    for entry in info.get("backup") or []:
        if entry.get("error"):
            continue
        size = ((entry.get("info") or {}).get("repository") or {}).get("delta", 0)
        points.append(
            {
                "id": str(entry["label"]),
                "at": float(entry["timestamp"]["stop"]),
                "by": "pgbackrest",
                "kind": str(entry.get("type", "full")),
                "bytes": int(size),
                "verified": False,
            }
        )
    return sorted(points, key=lambda point: float(point["at"]), reverse=True)


def newest_log(repository: str, stanza: str) -> float | None:
    """When the newest log segment came into the repository, epoch seconds: no transaction in it is younger."""
    found = newest_segment(repository, stanza)
    return found.at if found else None


def newest_segment(repository: str, stanza: str) -> Segment | None:
    """The newest log segment in the repository."""
    newest: Segment | None = None
    for version in Path(repository, "archive", stanza).glob("*-*"):
        folders = sorted((entry for entry in version.glob("[0-9A-F]*") if entry.is_dir()), key=lambda entry: entry.name)
        for entry in folders[-2:]:
            for found in entry.iterdir():
                match = SEGMENT.match(found.name)
                if match and (newest is None or match.group(1) > newest.name):
                    newest = Segment(match.group(1), found.stat().st_mtime)
    return newest


def segments_since(repository: str, stanza: str, at: float) -> int:
    """How many log segments came into the repository after `at`, epoch seconds."""
    found = Path(repository, "archive", stanza).glob("*-*/[0-9A-F]*/*")
    return sum(1 for path in found if SEGMENT.match(path.name) and path.stat().st_mtime > at)


def with_log(choice: Choice, points: list[dict[str, Any]], repository: str, stanza: str) -> Choice:
    """The choice, with log fetched ahead only if so much follows the backup that it pays: the end of the log then costs
    seconds."""
    end = moment(choice.target) if choice.kind == "time" else None
    saved = [float(point["at"]) for point in points if point["by"] == "pgbackrest" and point["kind"] != "log"]
    saved = [at for at in saved if end is None or at <= end]
    if not saved or choice.kind == "backup":
        return choice
    return replace(choice, ahead=segments_since(repository, stanza, max(saved)) >= AHEAD_FROM)


def listing(saved: list[dict[str, Any]], log_at: float | None, live_at: float | None) -> list[dict[str, Any]]:
    """All points, newest first: the live copy, the end of the log, each backup."""
    points = list(saved)
    if log_at is not None and saved:
        at = max(log_at, float(saved[0]["at"]))
        # Any moment between the oldest backup and the end of the log can be reached.
        log = {"id": NEWEST, "at": at, "since": float(saved[-1]["at"]) + CUT_OFF_S, "by": "pgbackrest", "kind": "log"}
        points.append({**log, "bytes": 0, "verified": False})
    if live_at is not None:
        points.append({"id": LIVE, "at": live_at, "by": "streaming", "kind": "live", "bytes": 0, "verified": True})
    return sorted(points, key=lambda point: float(point["at"]), reverse=True)


def moment(text: str) -> float | None:
    """Epoch seconds of an ISO 8601 time with its zone (`2026-11-23T15:10:24+01:00`, `…Z`) or of a number, else None."""
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return float(text)
    try:
        parsed = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text.strip()))
    except ValueError:
        return None
    if parsed.tzinfo is None:
        raise PlainError(f"The recovery point {text} does not say its zone. Write it as {text}+00:00 or with Z.")
    return parsed.timestamp()


def target_text(at: float) -> str:
    """A moment as pgBackRest's `--target` wants it, in UTC with microseconds."""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f+00")


def chosen(point: str, points: list[dict[str, Any]]) -> Choice:
    """The restore that a named point means. Raises PlainError when the copies do not reach it."""
    saved = [item for item in points if item["kind"] not in ("live", "log")]
    if not saved:
        raise PlainError(
            f"The recovery point {point} cannot be restored: there is no backup. Choose -e recovery_point={LIVE}."
        )
    if point == NEWEST:
        return Choice("restore", "the end of the archived log was chosen")
    if LABEL.match(point):
        if point not in {item["id"] for item in saved}:
            raise PlainError(f"There is no backup {point}. dr-status.yml lists those that there are.")
        return Choice("restore", f"the backup {point} was chosen", "backup", point)
    at = moment(point)
    if at is None:
        raise PlainError(
            f"The recovery point {point} is neither a backup nor a time such as 2026-11-23T15:10:24+01:00."
        )
    first, last = (
        min(float(item["at"]) for item in saved) + CUT_OFF_S,
        max(float(item["at"]) for item in points if item["kind"] != "live"),
    )
    if not first <= at <= last:
        bounds = " and ".join(target_text(edge)[:19] for edge in (first, last))
        raise PlainError(f"The recovery point {point} is outside what the copies hold: between {bounds} UTC.")
    return Choice("restore", f"the moment {target_text(at)} was chosen", "time", target_text(at))


def choose(*, live: str | None, copies: bool, mode: str, point: str | None, points: list[dict[str, Any]]) -> Choice:
    """Which copy a recovery takes.

    `live` is None when the system has no live copy, "" when it is usable, else why it is not; `copies` whether backups
    are kept; `mode` of the scenario; `point` as the user named it. Raises PlainError when nothing usable is left.
    """
    if point and point != LIVE:
        if not copies:
            raise PlainError(
                f"Only the live copy is kept, so the point {point} cannot be reached. Leave recovery_point out."
            )
        return chosen(point, points)
    if mode in HISTORY_MODES:
        sentence = "the live copy repeats what happened" if live is not None else "the newest copy may hold the damage"
        raise PlainError(f"In a {mode}, {sentence}. Choose a moment before it with -e recovery_point=.")
    if live == "":
        return Choice("promote", "the live copy is usable and the freshest")
    if point == LIVE:
        raise PlainError(
            f"The live copy was chosen and cannot be used: {live or 'none is kept'}. Leave recovery_point out."
        )
    if copies and any(item["kind"] not in ("live", "log") for item in points):
        return Choice("restore", f"the live copy cannot be used: {live}" if live else "only backups with log are kept")
    raise PlainError(f"No usable copy: {live or 'no live copy is kept'}, and there is no backup to restore.")


def based(choice: Choice, points: list[dict[str, Any]]) -> Choice:
    """The choice with the backups that it can start from, newest first: any that ended before the moment asked for."""
    saved = [(str(item["id"]), float(item["at"])) for item in points if item["kind"] not in ("live", "log")]
    saved.sort(key=lambda item: -item[1])
    limit = target_epoch(choice.target) if choice.kind == "time" else None
    fitting = {"newest": [name for name, _at in saved], "backup": [choice.target],
               "time": [name for name, at in saved if limit is not None and at + CUT_OFF_S <= limit]}  # fmt: skip
    return replace(choice, bases=tuple(fitting[choice.kind]), made=tuple(saved))


def target_epoch(text: str) -> float:
    """The moment that `target_text` wrote."""
    return datetime.strptime(f"{text}00", "%Y-%m-%d %H:%M:%S.%f%z").timestamp()


def together(choice: Choice, not_after: Any, copies: bool) -> Choice:
    """The choice for a system that others share one moment with: its log is replayed up to there.

    `not_after` is that moment (epoch seconds) or nothing. A live copy has gone on: the log is taken instead, if kept.
    """
    if not_after in (None, "") or choice.kind != "newest" or not (copies or choice.strategy == "restore"):
        return choice
    why = "the newest moment that the systems it must agree with can be recovered to"
    return Choice("restore", why, "time", target_text(float(not_after)))
