# SPDX-License-Identifier: Apache-2.0
"""The observer's service: asks every second, from outside and through the users' names, and writes each answer down."""

from __future__ import annotations

import argparse
import json
import threading
import time
from pathlib import Path
from typing import Any, Iterable, Optional, Sequence

from bascule_runtime import probe

FILE = "watch.jsonl"
KEPT_BYTES = 128 << 20
# A service that answers for less time than this between two failures was not back.
SETTLE_S = 10.0
Answer = dict[str, Any]


class Log:
    """The answers of one observer, one JSON line each; the file before the present one is kept too."""

    def __init__(self, state: Path, kept_bytes: int = KEPT_BYTES) -> None:
        self.path = state / FILE
        self.kept_bytes = kept_bytes
        self._lock = threading.Lock()
        state.mkdir(parents=True, exist_ok=True)

    def write(self, answer: Answer) -> None:
        """Append one answer."""
        line = json.dumps(answer, ensure_ascii=False) + "\n"
        with self._lock:
            if self.path.exists() and self.path.stat().st_size > self.kept_bytes:
                self.path.replace(self.path.with_suffix(".jsonl.1"))
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(line)


def read(state: Path, activity: str, since: float) -> list[Answer]:
    """Answers about `activity` from `since` (epoch seconds) on, in order; lines cut off by a kill are left out."""
    found = []
    for name in (f"{FILE}.1", FILE):
        path = state / name
        if path.exists():
            with path.open(encoding="utf-8", errors="replace") as stream:
                found += [answer for answer in _parsed(stream) if answer.get("activity") == activity
                          and answer["t"] >= since]
    return sorted(found, key=lambda answer: float(answer["t"]))


def _parsed(lines: Iterable[str]) -> Iterable[Answer]:
    for line in lines:
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if isinstance(answer, dict) and "t" in answer:
            yield answer


def _goes_on(ended: Optional[float], good: Optional[float], settle_s: float) -> bool:
    """Whether a bad answer belongs to the stretch before it: that has not ended, or was good again only briefly."""
    return ended is None or (good is not None and good - ended < settle_s)


def outage(answers: Sequence[Answer], started: float, settle_s: float = SETTLE_S) -> Answer:
    """What users saw around a run that started at `started`: `{"last_good", "first_good", "asked", "reason"}`, epochs.

    The outage is the last stretch of bad answers that had not ended when the run started; stretches with less than
    `settle_s` seconds of good answers between them are one. A good answer counts from the moment it was asked for.
    `last_good` is None when nothing was good before, `first_good` is None while nothing is good again; both are None
    when there was no bad answer at all.
    """
    stretches: list[tuple[Optional[float], float, Optional[float], str]] = []
    good: Optional[float] = None
    for answer in answers:
        when = float(answer["t"])
        if answer["ok"]:
            if stretches and stretches[-1][2] is None:
                stretches[-1] = (*stretches[-1][:2], when, stretches[-1][3])
            good = when
        elif stretches and _goes_on(stretches[-1][2], good, settle_s):
            stretches[-1] = (stretches[-1][0], when, None, stretches[-1][3])
        else:
            stretches.append((good, when, None, str(answer.get("reason", ""))))
    ours = [stretch for stretch in stretches if stretch[2] is None or stretch[2] >= started]
    last_good, _last_bad, first_good, reason = ours[-1] if ours else (None, 0.0, None, "")
    return {"last_good": last_good, "first_good": first_good, "asked": len(answers), "reason": reason,
            "seen": bool(ours)}


def _keep_asking(name: str, settings: dict[str, Any], log: Log, rounds: Optional[int]) -> None:
    checks, home = settings["activities"][name], Path(settings["checks"])
    every, due, done = float(settings.get("every_s") or 1), time.monotonic(), 0
    while rounds is None or done < rounds:
        asked_at = time.time()
        answer = probe.ask_all(checks, home, settings.get("secrets") or {}, marked=False)
        log.write({"t": asked_at, "activity": name, **{key: answer.get(key) for key in ("ok", "ms", "reason", "who")}})
        done += 1
        # Late answers do not make a pile of questions.
        due = max(due + every, time.monotonic())
        if rounds is None or done < rounds:
            time.sleep(max(0.0, due - time.monotonic()))


def silent(checks: Sequence[dict[str, Any]]) -> bool:
    """Whether none of these checks can be asked without leaving a record."""
    return all(check.get("writes", "none") != "none" for check in checks)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `watch`; runs until it is stopped, or for `--rounds`."""
    parser = argparse.ArgumentParser(prog="bascule_runtime watch", description="Ask for good, and write it down.")
    parser.add_argument("--config", required=True)
    parser.add_argument("--rounds", type=int, default=None)
    given = parser.parse_args(arguments)
    settings = probe.load(given.config)
    log = Log(Path(settings["state"]))
    threads = [threading.Thread(target=_keep_asking, args=(name, settings, log, given.rounds), name=name)
               for name, checks in settings["activities"].items() if not silent(checks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0
