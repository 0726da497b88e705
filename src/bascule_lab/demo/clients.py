# SPDX-License-Identifier: Apache-2.0
"""The firm's people at work: on an observer's machine, each activity's own marked transaction, over and over.

A client is a systemd unit of the lab's observer that asks `bascule_runtime probe --marked` every few seconds. What the
firm acknowledged is written down there, outside both sites, and compared with what the firm still has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bascule_lab.demo.rehearsal import Rehearsal

RUNTIME = "/usr/local/lib/bascule"
WORK = 'while sleep 2; do python3 -m bascule_runtime probe --config "$1" --activity "$2" --marked; done'
START = """systemctl stop "demo-$2" 2>/dev/null
systemd-run --quiet --collect --unit="demo-$2" --setenv=PYTHONPATH="$3" sh -c "$4" sh "$1" "$2"
"""
STOP = 'for one; do systemctl stop "demo-$one" 2>/dev/null || true; done'
# Runs on the observer's machine: what was acknowledged from a moment on, and what of it the firm no longer has. Reads
# the book itself: `ask.acknowledged` leaves out what a run told lost, and the failback that is judged is such a run.
COUNT = """
import json, sys
from pathlib import Path
from bascule_runtime import probe
settings, since, answer = probe.load(sys.argv[1]), float(sys.argv[2]), {}
book = Path(settings["state"]) / "acknowledged.jsonl"
lines = book.read_text().splitlines() if book.exists() else []
for activity in sys.argv[3:]:
    checks = settings["activities"][activity]
    own = next(check for check in checks if check["writes"] == "marked" and check["kind"] == "run")
    known = [json.loads(line) for line in lines if line.endswith("}")]
    records = [entry["record"] for entry in known if entry["activity"] == activity and entry["t"] >= since]
    said, given = {"lost": []}, json.dumps(records)
    # Copies are made at this moment: one slow answer says nothing about what is left.
    for more in (2, 1, 0) if records else ():
        try:
            said = probe.script(own, 60, Path(settings["checks"]), settings["secrets"], ["--held"], given)
            break
        except probe.NoAnswerError as error:
            if not more:
                sys.exit(f"nobody can say what is left of {activity}: {error}")
    answer[activity] = {"acknowledged": len(records), "lost": len(said["lost"])}
print(json.dumps(answer))
"""


@dataclass(frozen=True)
class Clients:
    """The clients of one rehearsal: one for each activity that has a transaction which leaves a record."""

    rehearsal: Rehearsal
    machine: str
    activities: tuple[str, ...]

    @property
    def config(self) -> str:
        """The observer's settings, as `dr-build` lays them."""
        return f"/etc/bascule/{self.rehearsal.policy_id}/watch.json"

    def start(self) -> None:
        """Let them work until `stop`."""
        for activity in self.activities:
            self.rehearsal.on(self.machine, START, self.config, activity, RUNTIME, WORK)

    def stop(self) -> None:
        """Send them home."""
        self.rehearsal.on(self.machine, STOP, *self.activities)

    def count(self, since: float) -> dict[str, dict[str, int]]:
        """By activity: `acknowledged`, how many records since an epoch, and `lost`, how many of them are gone.

        Raises FailedError when that cannot be found out.
        """
        ask = 'export PYTHONPATH="$1"; shift; exec python3 - "$@"'
        said = self.rehearsal.on(self.machine, ask, RUNTIME, self.config, str(since), *self.activities, stdin=COUNT)
        counted: dict[str, dict[str, int]] = json.loads(said)
        return counted


def of(rehearsal: Rehearsal) -> Clients | None:
    """The clients that a policy allows for: on its first observer; None without an observer or such a transaction."""
    observers: list[dict[str, Any]] = list(rehearsal.plan.get("observers", {}).values())
    marked = tuple(
        activity["id"]
        for activity in rehearsal.plan["activities"].values()
        if any(check["writes"] == "marked" for check in activity["usable_when"])
    )
    return Clients(rehearsal, str(observers[0]["machine"]), marked) if observers and marked else None
