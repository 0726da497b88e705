# SPDX-License-Identifier: Apache-2.0
"""Looks on while a run goes on: on a terminal a live display, else a line for each change, or JSON."""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Optional, Sequence, TextIO

from bascule_runtime import journal, runs, terminal
from bascule_runtime.progress import Progress
from bascule_runtime.progress_text import Line, Words

EVERY_S = 0.25
# What the run itself says once more as the last thing.
SAID_AT_THE_END = ("guard", "report")
Gone = Callable[[], bool]


class Tail:
    """The events of a journal as they come; a line that is not whole yet waits for the next look."""

    def __init__(self, folder: Path) -> None:
        self._stream = (folder / journal.FILE).open("rb")
        self._rest = b""

    def close(self) -> None:
        """Look no more."""
        self._stream.close()

    def new(self) -> Iterator[dict[str, Any]]:
        """Events since the last call."""
        *lines, self._rest = (self._rest + self._stream.read()).split(b"\n")
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                continue


class Plain:
    """A line for each change, with the time of day; no control characters."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def show(self, when: float, lines: Sequence[Line], words: Words) -> None:
        """Print what changed."""
        for line in lines:
            self.stream.write(f"{time.strftime('%H:%M:%S', time.localtime(when))}  {line.text}\n")
        self.stream.flush()

    leave = show

    def redraw(self, words: Words, now: float) -> None:
        """Nothing: time passes without a line."""


class Live:
    """What lasts, and the live display below."""

    def __init__(self, stream: TextIO) -> None:
        self.screen = terminal.Screen(stream, terminal.coloured(), lambda: os.get_terminal_size(stream.fileno()))
        self._lasting: list[str] = []

    def show(self, when: float, lines: Sequence[Line], words: Words) -> None:
        """Keep what lasts for the next drawing, as whole lines of the terminal's width."""
        width = self.screen.size()[0] - 1
        stamp = time.strftime("%H:%M:%S", time.localtime(when))
        for line in lines:
            if line.lasting:
                self._lasting += _wrapped(f"{stamp}  {line.text}", width)

    def leave(self, when: float, lines: Sequence[Line], words: Words) -> None:
        """The last words when the run is gone: the terminal is the shell's again, so nothing is drawn over."""
        self.show(when, lines, words)
        self.screen.leave(self._lasting)

    def redraw(self, words: Words, now: float) -> None:
        """Draw."""
        state = words.progress.state(now)
        lasting, self._lasting = self._lasting, []
        self.screen.show(lasting, words.head(state), words.rows(state))


class Json:
    """The whole state as a JSON line after each change."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def show(self, when: float, lines: Sequence[Line], words: Words) -> None:
        """Print the state, as it was then."""
        if lines:
            self.stream.write(json.dumps(words.progress.state(when), ensure_ascii=False) + "\n")
            self.stream.flush()

    leave = show

    def redraw(self, words: Words, now: float) -> None:
        """Nothing."""


def _wrapped(line: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(line, max(20, width), subsequent_indent="  ") or [line]


def attached() -> Gone:
    """Tells when the run that started this process has ended or was killed: it closes our input, or is gone."""
    parent = os.getppid()

    def gone() -> bool:
        ready, _, _ = select.select([sys.stdin], [], [], EVERY_S)
        return bool(ready) or os.getppid() != parent

    return gone


def beside(progress: Progress) -> Gone:
    """Tells when the process of a run that we only look at is gone; of another computer's nothing is known."""
    process: dict[str, Any] = {}

    def gone() -> bool:
        time.sleep(EVERY_S)
        if not process:
            process.update(progress.facts.get("holder") or {})
        here = process.get("controller") == socket.gethostname()
        return here and not Path(f"/proc/{process['pid']}").exists()

    return gone


def follow(folder: Path, plan: dict[str, Any], out: Any, *, own: bool = False, language: Optional[str] = None
           ) -> Progress:
    """Show the run in `folder` until it ends; returns what is known then. `own`: this process belongs to the run."""
    progress, tail = Progress(plan), Tail(folder)
    words = Words(progress, language)
    gone = attached() if own else beside(progress)
    last = False
    while True:
        for event in tail.new():
            progress.feed(event)
            said = words.changes(event)
            if own and event.get("phase") in SAID_AT_THE_END and event.get("machine") in ("localhost", "controller"):
                said = []
            out.show(float(event["t"]), said, words)
        if last and not progress.ended:
            progress.killed = True
        if progress.ended or last:
            break
        out.redraw(words, time.time())
        last = gone()
    tail.close()
    now = _moment(progress, time.time())
    if own and progress.killed:
        out.leave(now, words.end(), words)
        return progress
    if not own:
        out.show(now, words.end(), words)
    out.redraw(words, now)
    return progress


def _moment(progress: Progress, now: float) -> float:
    """When the clock stops: at the end of a run that ended before we looked."""
    return min(now, progress.last) if progress.ended else now


def output(stream: TextIO, as_json: bool) -> Any:
    """How to show: as JSON lines, live on a terminal, or as lines."""
    if as_json:
        return Json(stream)
    return Live(stream) if terminal.fits(stream) else Plain(stream)


def run_of(path: Path) -> Path:
    """The folder of the run that `path` names: itself, or the newest of a compiled folder. Raises FileNotFoundError."""
    folder = ((runs.latest(path / "runs") or path) if (path / "runs").is_dir() else path).resolve()
    if (folder / journal.FILE).is_file() and (folder / "../../plan.json").is_file():
        return folder
    raise FileNotFoundError(f"{path}: no run is here. Name runs/ID of a compiled folder, or that folder.")


def shown(path: Path, stream: TextIO, *, as_json: bool = False, own: bool = False, language: Optional[str] = None
          ) -> bool:
    """Show a run on `stream` until it ends; returns whether it reached its goal. Raises FileNotFoundError."""
    folder = run_of(path)
    plan = runs.read_json(folder.parents[1] / "plan.json")
    progress = follow(folder, plan, output(stream, as_json), own=own, language=language)
    return progress.exit_hint == 0


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `follow`. Exit code 0 when the run reached its goal, 1 when not, 3 when there is none."""
    parser = argparse.ArgumentParser(prog="bascule_runtime follow", description="Look on while a run goes on.")
    parser.add_argument("folder", nargs="?", default=".", help="runs/ID, or a compiled folder: its newest run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--language", choices=("fr", "en"))
    parser.add_argument("--attached", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.attached:
        # An interruption is the run's to answer; this process ends with it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        reached = shown(Path(given.folder), sys.stdout, as_json=given.json, own=given.attached, language=given.language)
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    except KeyboardInterrupt:
        return 130
    except OSError:
        # The reader or the terminal went away.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0 if reached else 1
