# SPDX-License-Identifier: Apache-2.0
"""Run programs: argument lists only, always with a limit, errors as plain sentences."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from bascule_lab.errors import CANNOT, LabError

_BEGAN = time.monotonic()
TICK_S = 10.0
GRACE_S = 10.0


def say(text: str) -> None:
    """Print one line of progress, with the seconds since the command began, on standard error."""
    print(f"{time.monotonic() - _BEGAN:6.1f} s  {text}", file=sys.stderr, flush=True)


def attempt(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    limit_s: float = 60,
    environment: Mapping[str, str] | None = None,
    label: str = "",
) -> subprocess.CompletedProcess[bytes]:
    """Run a program and hand back its exit code and output, whatever they are.

    With a `label` a line of progress is printed every ten seconds. Raises LabError when the program is not there or
    does not end within `limit_s` seconds; it is ended then.
    """
    pipe = subprocess.PIPE
    try:
        child = subprocess.Popen(list(argv), stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
    except FileNotFoundError:
        raise LabError(f"The program {argv[0]} is not installed. Install it and start again.", CANNOT) from None
    try:
        output, errors = wait(child, stdin, limit_s, label)
    except subprocess.TimeoutExpired:
        raise LabError(f"{brief(argv)} did not end within {limit_s:.0f} s.") from None
    finally:
        end(child)
    return subprocess.CompletedProcess(list(argv), child.returncode, output, errors)


def wait(child: subprocess.Popen[bytes], stdin: bytes, limit_s: float, label: str) -> tuple[bytes, bytes]:
    """Feed a child and wait for it, saying every few seconds that it still works. Raises TimeoutExpired."""
    began = time.monotonic()
    given: bytes | None = stdin
    while True:
        left = began + limit_s - time.monotonic()
        try:
            return child.communicate(given, timeout=min(TICK_S, left) if label else left)
        except subprocess.TimeoutExpired:
            given = None
            if time.monotonic() >= began + limit_s:
                raise
            say(f"{label}: {time.monotonic() - began:.0f} s so far")


def end(child: subprocess.Popen[bytes]) -> None:
    """End a child that still runs: asked first, so that it can tidy up, then forced."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.communicate(timeout=GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()


def run(argv: Sequence[str], *, stdin: bytes = b"", limit_s: float = 60) -> str:
    """Run a program that must succeed and return its standard output as text.

    Raises LabError with the last lines of what the program said when its exit code is not 0.
    """
    done = attempt(argv, stdin=stdin, limit_s=limit_s)
    if done.returncode:
        said = last_lines(done.stderr or done.stdout)
        raise LabError(f"{brief(argv)} failed (exit {done.returncode}): {said or 'it said nothing'}")
    return done.stdout.decode(errors="replace")


def last_lines(output: bytes, count: int = 6) -> str:
    """The last `count` lines of a program's output that are not empty, joined with ` | `."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    return " | ".join(lines[-count:])


def brief(argv: Sequence[str]) -> str:
    """A command as a person would name it: the wrapper left out, cut after 100 characters."""
    words = [word for word in argv if word != "nsenter" and not word.startswith(("--mount=", "--net="))]
    text = " ".join(words)
    return text if len(text) <= 100 else text[:97] + "..."
