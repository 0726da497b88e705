# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running programs on a machine: argument lists only, always with a limit, and failures as plain sentences."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Sequence

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "HOME": "/root"}
STOPPED_AT_LIMIT = 124
TELLING = ("fatal", "error", "denied", "refused")


class TroubleError(Exception):
    """A plain sentence for the user: what is wrong, what to do."""


@dataclass(frozen=True)
class Ended:
    """How a program ended: exit code (124: stopped at its limit, 127: missing) and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The line that says most about a failure."""
        lines = [line.strip() for line in f"{self.err}\n{self.out}".splitlines() if line.strip()]
        telling = [line for line in lines if any(word in line.lower() for word in TELLING)]
        return (telling or lines or [f"exit code {self.code}"])[-1][:400]


def run(argv: Sequence[str], limit_s: float = 30.0, stdin: str | None = None) -> Ended:
    """Run `argv` from `/`, at most `limit_s` seconds; its whole process group is ended at the limit."""
    try:
        process = subprocess.Popen(
            list(argv), cwd="/", env=ENVIRONMENT, text=True, errors="replace", start_new_session=True,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        return Ended(127, "", f"{argv[0]} is not installed")
    try:
        out, err = process.communicate(stdin, timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return Ended(STOPPED_AT_LIMIT, out, f"{err}\nno end after {limit_s:g} s")
    return Ended(process.returncode, out, err)


def must(argv: Sequence[str], sentence: str, **options: Any) -> str:
    """Run `argv` and return what it wrote. Raises TroubleError with `sentence` and the program's own reason."""
    ended = run(argv, **options)
    if ended.code != 0:
        raise TroubleError(f"{sentence.rstrip('.')}: {ended.reason}")
    return ended.out


def wait_until(look: Callable[[], Any], limit_s: float, every_s: float = 0.1) -> Any:
    """Call `look` until it returns something true, at most `limit_s` seconds; return its last answer."""
    end = time.monotonic() + limit_s
    while True:
        answer = look()
        if answer or time.monotonic() >= end:
            return answer
        time.sleep(every_s)


def missing_tools(tools: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of pairs (program, Debian package), those whose program is not installed."""
    return [pair for pair in tools if not shutil.which(pair[0], path=PATH)]


def lacking(machine: str, tools: Iterable[tuple[str, str]]) -> str:
    """One sentence about all programs of pairs (program, Debian package) that are missing, or an empty text."""
    missing = missing_tools(tools)
    if not missing:
        return ""
    programs = ", ".join(program for program, _package in missing)
    packages = " ".join(dict.fromkeys(package.split(" ")[0] for _program, package in missing))
    return f"{machine} lacks {programs}. Install them: apt-get install --no-install-recommends {packages}."


def version(argv: Sequence[str]) -> str:
    """The first line of what a program says about its version, or an empty text when it is missing."""
    ended = run(argv, limit_s=10)
    lines = (ended.out or ended.err).strip().splitlines()
    return lines[0].strip()[:80] if ended.code == 0 and lines else ""


def give_way(behind: int) -> None:
    """Let processors serve more urgent work first: this process, and what it starts, is lowered a step for each switch
    group that is more urgent, three at most. Services are not: systemd starts them."""
    if behind > 0:
        os.nice(5 * min(behind, 3))
