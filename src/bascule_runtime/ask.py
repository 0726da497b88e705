# SPDX-License-Identifier: Apache-2.0
"""Asks an activity until it is usable or time is up; says what users saw and which acknowledged records are gone."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence

from bascule_runtime import probe, watch

# How far back the last good answer may lie.
LOOK_BACK_S = 30 * 86400.0
RECORDS = 10_000
LOST = "lost.jsonl"


def until_usable(checks: Sequence[Mapping[str, Any]], home: Path, secrets: Mapping[str, str], limit_s: float,
                 every_s: float = 0.25, clock: Callable[[], float] = time.time) -> dict[str, Any]:
    """Ask all checks, marked ones last, again and again for at most `limit_s` seconds.

    Returns `{"usable", "at", "asked", "who", "ms", "reason", "records"}`; `at`: when the answer that counts came.
    """
    ordered = sorted(checks, key=lambda check: check.get("writes", "none") != "none")
    end, asked = clock() + limit_s, 0
    while True:
        answer = probe.ask_all(ordered, home, secrets, marked=True)
        asked += 1
        if answer["ok"] or clock() >= end:
            return {"usable": answer["ok"], "at": clock(), "asked": asked, "who": answer.get("who", ""),
                    "ms": answer["ms"], "reason": answer["reason"], "records": answer.get("records") or []}
        time.sleep(every_s)


def acknowledged(state: Path, activity: str, started: float = 0.0) -> list[dict[str, Any]]:
    """The newest records that the activity's service acknowledged to this observer, oldest first.

    Left out are those that another run than the one that began at `started` has already told to be lost.
    """
    known = {entry["record"] for entry in _entries(state / LOST, activity) if entry["started"] != started}
    entries = _entries(state / "acknowledged.jsonl", activity)
    return [entry for entry in entries if entry["record"] not in known][-RECORDS:]


def _entries(path: Path, activity: str) -> list[dict[str, Any]]:
    """Lines of a file of records about one activity; a line cut off by a kill is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    records = [json.loads(line) for line in lines if line.endswith("}")]
    return [record for record in records if record["activity"] == activity]


def tell_lost(state: Path, activity: str, started: float, gone: Sequence[Any]) -> None:
    """Write down which records a run has told to be lost, so that the next run does not count them again."""
    known = [entry["record"] for entry in _entries(state / LOST, activity)]
    with (state / LOST).open("a", encoding="utf-8") as stream:
        for record in gone:
            if record not in known:
                stream.write(json.dumps({"started": started, "activity": activity, "record": record}) + "\n")


def held(checks: Sequence[Mapping[str, Any]], home: Path, secrets: Mapping[str, str], state: Path, activity: str,
         started: float = 0.0) -> dict[str, Any]:
    """Which acknowledged records the activity still has: `{"asked", "held", "lost", "lost_from", "reason"}`.

    `lost` is None when it could not be found out, `lost_from` the epoch at which the first lost one was acknowledged.
    """
    records = acknowledged(state, activity, started)
    marked = [check for check in checks if check.get("writes") == "marked" and check["kind"] == "run"]
    if not records or not marked:
        unknown = None if records else 0
        return {"asked": len(records), "held": None, "lost": unknown, "reason": "", "lost_from": None}
    check = marked[0]
    limit_s = max(30.0, float(check.get("timeout_s") or 0))
    given = json.dumps([entry["record"] for entry in records])
    try:
        said = probe.script(check, limit_s, home, secrets, ["--held"], given)
        gone = list(said["lost"])
    except (probe.NoAnswerError, KeyError, TypeError) as error:
        return {"asked": len(records), "held": None, "lost": None, "reason": str(error), "lost_from": None}
    if started and gone:
        tell_lost(state, activity, started, gone)
    lost = [entry["t"] for entry in records if entry["record"] in gone]
    return {"asked": len(records), "held": len(records) - len(gone), "lost": len(gone), "reason": "",
            "lost_from": min(lost, default=None)}


def look(request: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    """What the observer knows of one activity; `seen` is the answer of `until_usable`, empty when nobody asked."""
    state, started = Path(request["state"]), float(request["started"])
    answers = watch.read(state, request["activity"], started - LOOK_BACK_S)
    if seen.get("usable"):
        # What was just seen counts as an answer: the service's own next question may be a second away.
        answers.append({"t": seen["at"], "ok": True})
    around = watch.outage(answers, started)
    kept = held(request["checks"], Path(request["home"]), request["secrets"], state, request["activity"], started)
    return {"activity": request["activity"], "outage": around, "acknowledged": kept, "clock": time.time()}


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `ask`: a request on standard input, an answer on standard output, both JSON.

    The request: `{"activity", "checks", "home", "state", "secrets", "started", "limit_s", "ask"}`. Secrets come this
    way so that they show in no list of processes.
    """
    request = json.loads(sys.stdin.read())
    seen: dict[str, Any] = {}
    if request["ask"]:
        seen = until_usable(request["checks"], Path(request["home"]), request["secrets"], float(request["limit_s"]))
        Path(request["state"]).mkdir(parents=True, exist_ok=True)
        probe.acknowledge(Path(request["state"]), request["activity"], seen["records"])
    found = {**look(request, seen), **({"answer": seen} if seen else {})}
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    return 0
