# SPDX-License-Identifier: Apache-2.0
"""What the agents on a machine share: their configuration, one lock a system, a state file, programs with a limit."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/root"}


class BusyError(Exception):
    """Somebody else holds the lock of the system."""


@dataclass(frozen=True)
class Ended:
    """How a program ended: exit code (124: stopped at its limit, 127: missing) and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The last line that it wrote."""
        lines = [line.strip() for line in f"{self.out}\n{self.err}".splitlines() if line.strip()]
        return lines[-1][:400] if lines else f"exit code {self.code}"


def run(argv: Sequence[str], limit_s: float) -> Ended:
    """Run a program for at most `limit_s` seconds, from `/`, without input."""
    try:
        process = subprocess.Popen(
            list(argv), cwd="/", env=ENVIRONMENT, text=True, errors="replace", start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        return Ended(127, "", f"{argv[0]} is not installed")
    # When systemd ends the agent, what it started ends too; restic takes its lock back at SIGINT, not at SIGTERM.
    previous = signal.signal(signal.SIGTERM, lambda *_: os.killpg(process.pid, signal.SIGINT))
    try:
        out, err = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        out, err = _ended(process)
        return Ended(124, out, f"{err}\nno end after {limit_s:g} s")
    finally:
        signal.signal(signal.SIGTERM, previous)
    return Ended(process.returncode, out, err)


def _ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    for sign, patience_s in ((signal.SIGINT, 20.0), (signal.SIGKILL, None)):
        os.killpg(process.pid, sign)
        try:
            return process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            continue
    return "", ""


@contextmanager
def locked(path: str, limit_s: float) -> Iterator[None]:
    """Hold the lock at `path`. Raises BusyError when it is not free within `limit_s` seconds."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + limit_s
    with open(path, "a", encoding="ascii") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise BusyError(path) from None
                time.sleep(0.2)
        yield


def read_state(path: str) -> dict[str, Any]:
    """What the agent wrote last, or nothing. A damaged file counts as nothing: it is only a report."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def write_state(path: str, data: dict[str, Any]) -> None:
    """Write the agent's report: whole, or not at all."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    draft.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(str(draft), str(target))


def configuration(name: str, arguments: Optional[Sequence[str]], **more: Any) -> dict[str, Any]:
    """The JSON that `--config FILE` of the subcommand `name` names; `more` are further options for argparse."""
    parser = argparse.ArgumentParser(prog=f"bascule_runtime {name}")
    parser.add_argument("--config", required=True)
    for option, settings in more.items():
        parser.add_argument(f"--{option}", **settings)
    given = parser.parse_args(arguments)
    config = json.loads(Path(given.config).read_text(encoding="utf-8"))
    return {**config, "options": vars(given)}
