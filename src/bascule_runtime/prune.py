# SPDX-License-Identifier: Apache-2.0
"""The pruning agent: forgets snapshots that are older than the policy keeps, at the machine that owns the repository.

`python3 -m bascule_runtime prune --config FILE`; of FILE it reads `prune`:
`{"restic": [argv up to the command], "keep_s": seconds, "state": FILE, "lock": FILE, "lock_s": …, "limit_s": …}`.
The machines that write copies cannot delete any; so whoever takes one of them cannot either.
"""

from __future__ import annotations

import json
import math
import re
import sys
import time
from datetime import datetime
from typing import Any, Optional, Sequence

from bascule_runtime import agent

LEAST = 3           # never forget the last ones, however old
TOLERANCE_S = 3600
STEPS = ("unlock", "forget", "check")
# restic takes the lock of a machine that it cannot see for dead after 30 minutes.
IN_USE, TRIES, PAUSE_S = "already locked", 8, 300.0


def when(text: str) -> float:
    """Epoch seconds of a time as restic writes it (nanoseconds, `Z` or an offset)."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if not match:
        raise ValueError(f"not a time of restic: {text}")
    zone = "+00:00" if match.group(3) == "Z" else match.group(3)
    return datetime.fromisoformat(match.group(1) + zone).timestamp() + float(match.group(2) or 0)


def from_the_future(snapshots: Sequence[dict[str, Any]], now: float) -> list[str]:
    """Identities of snapshots that claim to be younger than now.

    restic counts `--keep-within` from the newest snapshot: with one dated next year it would forget all the others.
    """
    return [str(entry["short_id"]) for entry in snapshots if when(entry["time"]) > now + TOLERANCE_S]


def arguments_of(step: str, settings: dict[str, Any]) -> list[str]:
    """The restic command of a step. Only stale locks are removed: `unlock` without `--remove-all`."""
    keep = f"{math.ceil(float(settings['keep_s']) / 3600)}h"
    return {
        "unlock": ["unlock"],
        "forget": ["forget", "--prune", "--group-by", "", "--keep-last", str(LEAST), "--keep-within", keep],
        "check": ["check"],
    }[step]


def prune(settings: dict[str, Any]) -> dict[str, Any]:
    """Remove stale locks, forget what is too old, check the structure; return what the state file says about it."""
    limit = float(settings.get("limit_s") or 21600)
    with agent.locked(settings["lock"], float(settings.get("lock_s") or 600)):
        facts: dict[str, Any] = {"started": time.time(), "result": "ok", "message": ""}
        listed = agent.run([*settings["restic"], "snapshots", "--json", "--no-lock"], 300)
        snapshots = json.loads(listed.out or "[]") if listed.code == 0 else []
        future = from_the_future(snapshots or [], time.time())
        if listed.code != 0:
            facts.update(result="failed", message=f"the snapshots cannot be listed: {listed.reason}")
        elif future:
            facts.update(result="failed", message=f"nothing was forgotten: {', '.join(future[:5])} have a date in the "
                         "future. Find out who made them; then remove them with restic forget, on this machine")
        for step in STEPS if facts["result"] == "ok" else ():
            ended = agent.run([*settings["restic"], *arguments_of(step, settings)], limit)
            if ended.code != 0:
                facts.update(result="failed", message=f"restic {step}: {_why(ended)}")
                break
        facts["ended"] = time.time()
        agent.write_state(settings["state"], facts)
        return facts


def _why(ended: agent.Ended) -> str:
    lines = [line.strip() for line in ended.err.splitlines() if IN_USE in line or "Fatal" in line]
    return lines[0][:400] if lines else ended.reason


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `prune`: exit code 0 when all was done or a copy goes on, else 1."""
    settings = agent.configuration("prune", arguments)["prune"]
    try:
        facts = prune(settings)
        for _ in range(TRIES):
            if IN_USE not in facts["message"]:
                break
            time.sleep(PAUSE_S)
            facts = prune(settings)
    except agent.BusyError:
        sys.stdout.write("A copy or a recovery of this system is going on: pruning waits for the next time.\n")
        return 0
    sys.stdout.write(f"{facts['result']} {facts['message']}\n")
    return 0 if facts["result"] == "ok" else 1
