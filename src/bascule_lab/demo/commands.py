# SPDX-License-Identifier: Apache-2.0
"""Run the commands of a rehearsal one after the other: each with a log, a limit, and a line that shows it is alive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from bascule_lab.demo import alone
from bascule_lab.state import give

GRACE_S = 20.0  # how long an interrupted command may take to put things in order
TICK_S = 0.2


@dataclass(frozen=True)
class Outcome:
    """How one command ended: its exit code, its seconds, and the file with all that it said."""

    name: str
    exit: int
    seconds: float
    log: Path


class FailedError(Exception):
    """A step that did not do what it should. `log` says where to read more."""

    def __init__(self, reason: str, log: Path | None = None) -> None:
        super().__init__(reason)
        self.log = log


@dataclass
class Commands:
    """Runs commands, numbers their logs in `folder`, and keeps what each took in `outcomes`."""

    folder: Path
    out: TextIO = sys.stderr
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    outcomes: list[Outcome] = field(default_factory=list)
    running: Path | None = None  # the file that tells the next demonstration what this one left running

    def run(
        self,
        name: str,
        argv: Sequence[str],
        *,
        limit_s: float,
        cwd: Path | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run one command to its end, whatever its exit code is. `name` names the log; `more` adds to the environment.

        Raises FailedError when it cannot be started or does not end within `limit_s` seconds. When the demonstration
        itself is interrupted, the command is interrupted too and has 20 s to end.
        """
        log = self.folder / f"{len(self.outcomes) + 1:02}-{name}.log"
        began = time.monotonic()
        with open(log, "wb") as output:
            give(log)
            try:
                process = subprocess.Popen(
                    list(argv),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=cwd,
                    start_new_session=True,
                    env={**self.environment, **(more or {})},
                )
            except OSError as error:
                raise FailedError(f"{argv[0]} cannot be started: {error.strerror}.") from error
            if self.running:
                alone.note(self.running, process.pid)
            ended = self._wait(process, log, began, limit_s)
        if self.running:
            self.running.unlink(missing_ok=True)
        outcome = Outcome(name, process.returncode, time.monotonic() - began, log)
        self.outcomes.append(outcome)
        if not ended:
            raise FailedError(f"{name} did not end within {limit_s:.0f} s.", log)
        return outcome

    def must(
        self,
        name: str,
        argv: Sequence[str],
        *,
        limit_s: float,
        cwd: Path | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Outcome:
        """As `run`, for a command whose exit code must be 0. Raises FailedError with the last line that it said."""
        outcome = self.run(name, argv, limit_s=limit_s, cwd=cwd, more=more)
        if outcome.exit:
            raise FailedError(
                f"{name} ended with {outcome.exit}: {last_line(outcome.log) or 'it said nothing'}", outcome.log
            )
        return outcome

    def _wait(self, process: subprocess.Popen[bytes], log: Path, began: float, limit_s: float) -> bool:
        """Wait for the end; False when the limit came first. Nothing of the command is left afterwards."""
        try:
            while process.poll() is None:
                seconds = time.monotonic() - began
                if seconds > limit_s:
                    end(process)
                    return False
                self._alive(f"{seconds:5.0f} s  {last_line(log)}")
                time.sleep(TICK_S)
        except BaseException:
            end(process)
            raise
        finally:
            self._alive("")
        return True

    def _alive(self, text: str) -> None:
        """One line that is written over; only on a terminal."""
        if self.out.isatty():
            self.out.write("\r\033[K" + (f"  {text[:100]}" if text else ""))
            self.out.flush()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a command and all that it started: first as Ctrl-C does, then harder."""
    for number, grace_s in ((signal.SIGINT, GRACE_S), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            continue


def last_line(log: Path) -> str:
    """The last line of a log that says something, without the stars and colours of Ansible."""
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - 4000))
        lines = file.read().decode(errors="replace").splitlines()
    words = (line.strip(" *\r\t") for line in reversed(lines))
    return next((line for line in words if line), "")
