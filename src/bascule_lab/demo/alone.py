# SPDX-License-Identifier: Apache-2.0
"""One demonstration of a firm at a time, and nothing left running of one that was killed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from bascule_lab.errors import LabError

PLACE = Path("/run/lock/bascule-lab")  # the same for every copy of the policy on this computer
GRACE_S = 5.0


@contextlib.contextmanager
def alone(policy: str, place: Path = PLACE) -> Iterator[Path]:
    """Be the one demonstration of a policy for as long as the block runs, after ending what a killed one left running.

    Gives the file in which `note` keeps the command of the moment. Raises LabError when another demonstration runs.
    """
    place.mkdir(parents=True, exist_ok=True)
    running = place / f"demo-{policy}.json"
    with open(place / f"demo-{policy}", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LabError(
                f"A demonstration of {policy} is running. Wait for its end, or end it with Ctrl-C."
            ) from None
        end_left_over(running)
        yield running


def note(path: Path, pid: int) -> None:
    """Write down the process that leads the command of the moment, and since when, since numbers are given again."""
    path.write_text(json.dumps({"pid": pid, "began": began(pid)}), encoding="utf-8")


def end_left_over(path: Path) -> None:
    """End the command that a killed demonstration left running, with all that it started."""
    if not path.exists():
        return
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        pid, since = int(noted["pid"]), str(noted["began"])
    except (ValueError, KeyError, TypeError):
        pid, since = 0, ""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if pid and began(pid) == since:
            os.killpg(pid, number)
            wait_for_end(pid, since)
    path.unlink()


def wait_for_end(pid: int, since: str) -> None:
    """Give a process some seconds to end."""
    end = time.monotonic() + GRACE_S
    while time.monotonic() < end and began(pid) == since:
        time.sleep(0.1)


def began(pid: int) -> str:
    """When a process began, in ticks since the computer did; empty when it is not there or has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
