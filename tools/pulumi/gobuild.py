# SPDX-License-Identifier: Apache-2.0
"""Runs Go in the modules that lie here, says how far it is, and tells in a sentence when it cannot."""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TICK_S = 10.0
LIMIT_S = 3600.0
FAILED = 1
CANNOT = 3
_BEGAN = time.monotonic()


class BuildError(Exception):
    """A plain sentence: what is wrong and what to do. `code` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Go:
    """The Go that builds, in one of the two modules here: `root` is a folder that holds `cli/` and `python-host/`."""

    root: Path

    def start(self, module: str, words: Sequence[str]) -> subprocess.Popen[str]:
        """Start `go` in a module, its two outputs as one stream of lines."""
        settings = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-mod=readonly -buildvcs=false"}
        return subprocess.Popen(
            ["go", *words],
            cwd=self.root / module,
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, module: str, words: Sequence[str], label: str) -> list[str]:
        """Run `go` to its end and return its lines; says every ten seconds how many packages there were.

        Raises BuildError with the last of them when it fails or does not end within an hour.
        """
        began = time.monotonic()
        lines: list[str] = []
        with self.start(module, words) as child:
            try:
                for line in timed_lines(child, began + LIMIT_S):
                    if line is None:
                        say(f"{label}: {time.monotonic() - began:.0f} s so far, {len(lines)} packages")
                    elif not line.startswith("go: downloading "):
                        lines.append(line)
            except BaseException:
                os.killpg(child.pid, signal.SIGTERM)
                raise
        if child.returncode:
            last = " | ".join(deque((line for line in lines if line.strip()), maxlen=4))
            raise BuildError(f"go {words[0]} failed while it was {label}: {last or 'it said nothing'}")
        return lines


def timed_lines(child: subprocess.Popen[str], until: float) -> Iterator[str | None]:
    """The lines that a child prints, and None each ten seconds. Raises BuildError when the time is up."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert child.stdout
        for line in child.stdout:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    tick = time.monotonic() + TICK_S
    while True:
        now = time.monotonic()
        if now >= until:
            raise BuildError("go did not end within an hour; look whether this computer is out of memory.")
        if now >= tick:
            tick = now + TICK_S
            yield None
        try:
            line = lines.get(timeout=tick - now if tick > now else 0.01)
        except queue.Empty:
            continue
        if line is None:
            return
        yield line


def say(text: str) -> None:
    """Print one line of progress, with the seconds since the beginning, on standard error."""
    print(f"{time.monotonic() - _BEGAN:6.1f} s  {text}", file=sys.stderr, flush=True)


def check_go(module: Path, needed: str) -> None:
    """Raises BuildError, code 3, when Go is absent or older than a module needs."""
    advice = f"Install Go {needed} or newer, or Pulumi itself (https://www.pulumi.com/docs/install/), and start again."
    if not shutil.which("go"):
        raise BuildError(f"Pulumi is not on PATH, and Go, which would build it, is not here. {advice}", CANNOT)
    # In the module's folder, since newer versions of Go fetch the version that a module asks for.
    answer = subprocess.run(["go", "version"], cwd=module, capture_output=True, text=True, check=False, timeout=300)
    version = re.search(r"\bgo(\d+(?:\.\d+)*)", answer.stdout)
    if not version or numbers(version[1]) < numbers(needed):
        raise BuildError(
            f"Pulumi is not on PATH, and Go {version[1] if version else '(which?)'} is too old to build it. {advice}",
            CANNOT,
        )


def numbers(version: str) -> tuple[int, ...]:
    """`1.25.11` as (1, 25, 11)."""
    return tuple(int(part) for part in version.split("."))
