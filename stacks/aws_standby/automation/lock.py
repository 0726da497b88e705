# SPDX-License-Identifier: Apache-2.0
"""Who holds the state of a stack, and whether that hold is known to be left by a process that is gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from automation import note
from automation.trouble import Trouble

# As the engine says it: "URL: created by root@desk (pid 4711) at 2026-11-24T10:00:00Z".
HOLD = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)")
# Of a time with nanoseconds, what a clock here can say.
FRACTION = re.compile(r"(\.\d{6})\d+")
# Times in locks may be whole seconds.
SLACK_S = 2


@dataclass(frozen=True)
class Hold:
    """One lock on the state; ``at`` is seconds since the epoch."""

    user: str
    host: str
    pid: int
    at: float
    since: str


def moment(text: str) -> float:
    """Return the epoch of a time as locks have it."""
    return datetime.fromisoformat(FRACTION.sub(r"\1", text)).timestamp()


def named(said: str) -> list[Hold]:
    """Return the locks that an error of the engine names."""
    return [
        Hold(hit["user"], hit["host"], int(hit["pid"]), moment(hit["at"]), hit["at"]) for hit in HOLD.finditer(said)
    ]


def is_left(hold: Hold, facts: Mapping[str, Any] | None) -> bool:
    """Whether a lock is known to be left behind: by an engine of this computer that a run of ours had started.

    ``facts`` is the note which that run did not live to remove. Without it nobody here knows whose the lock is: another
    computer can have the same name.
    """
    if facts is None or note.works(dict(facts)) or hold.host != facts["host"]:
        return False
    return hold.at >= float(facts["began"]) - SLACK_S and not note.is_engine(hold.pid)


def held(holds: Iterable[Hold], stack: str) -> Trouble:
    """The trouble of a state that somebody holds."""
    who = "; ".join(f"{hold.user}@{hold.host} (process {hold.pid}) since {hold.since}" for hold in holds)
    return Trouble(
        "locked",
        f"The state of the standby is held by {who or 'another process'}. Wait for its end. If that is over, say in "
        f"stack/: pulumi cancel --stack {stack}, and start again.",
    )
