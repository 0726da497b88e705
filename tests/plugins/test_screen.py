# SPDX-License-Identifier: Apache-2.0
"""What people see of a run: on a real terminal, in a second window, in a pipe, and when the run is killed."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
import pytest
from firm import Firm

Make = Callable[..., Firm]
pytestmark = pytest.mark.slow
LIMIT_S = 900
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
# With these the display takes back what it drew last: what stood there until then was seen.
REDRAWN = re.compile(rb"(?=\r\x1b\[|\x1b\[H)")


class Window:
    """A terminal with a process in it; `seen` is every screen that differed from the one before."""

    def __init__(self, argv: list[str], cwd: Path, environment: dict[str, str], columns: int = 100) -> None:
        self.screen = pyte.HistoryScreen(columns, 40, history=2000)
        self._stream, self.raw, self.seen = pyte.ByteStream(self.screen), b"", list[str]()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(argv[0], argv, environment)
        self.size(columns, 40)

    def size(self, columns: int, lines: int) -> None:
        """Give the window another size."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def look(self, until: Callable[[str], bool] = lambda _text: False) -> str:
        """Read until the process is gone, or until the screen is as wanted; returns the screen."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            if select.select([self.terminal], [], [], 0.5)[0]:
                try:
                    data = os.read(self.terminal, 65536)
                except OSError:
                    break
                self.raw += data
                # A busy computer hands over several drawings at once.
                for part in filter(None, REDRAWN.split(data)):
                    self._stream.feed(part)
                    if not self.seen or self.seen[-1] != self.text():
                        self.seen.append(self.text())
                if until(self.text()):
                    return self.text()
        return self.text()

    def text(self) -> str:
        """The screen as text."""
        return "\n".join(line.rstrip() for line in self.screen.display).strip()

    def whole(self) -> str:
        """What has scrolled off, then the screen."""
        above = ["".join(row[column].data for column in range(self.screen.columns)) for row in self.screen.history.top]
        return "\n".join(line.rstrip() for line in [*above, *self.screen.display])


@contextmanager
def window(firm: Firm, *arguments: str, **more: str) -> Iterator[Window]:
    """A driver of the firm in a terminal of its own."""
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    environment = {**firm.environment(TERM="xterm-256color"), **more}
    environment.pop("NO_COLOR", None) if "NO_COLOR" not in more else None
    # From a shell, as people do: the terminal outlives the run.
    shell = ["/bin/sh", "-c", '"$@"; echo "ended with $?"; sleep 3', "sh", program, *arguments]
    opened = Window(shell, firm.folder, environment)
    try:
        yield opened
    finally:
        os.close(opened.terminal)
        os.waitpid(opened.pid, 0)


def newest(firm: Firm) -> Path:
    return max((firm.folder / "runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)


def test_a_run_on_a_terminal_and_in_a_second_window(firm: Make) -> None:
    behave = {"db": {"until_told": "go"}, "files": {"fail": "No copy of files can be read."}}
    made = firm(behave={name: {"recover": what} for name, what in behave.items()})
    with window(made, "dr-activate.yml") as opened:
        opened.look(until=lambda text: "Look at the machines" in text)
        argv = [sys.executable, "-m", "bascule", "watch", str(made.folder)]
        lines = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        states = subprocess.Popen([*argv, "--json"], stdout=subprocess.PIPE, text=True)
        opened.look(until=lambda text: "files: failed" in text and "db: Double of recover" in text)
        opened.size(60, 30)
        (made.root / "go").touch()
        opened.look(until=lambda text: "ended with 2" in text)
    rows = [line for text in opened.seen for line in text.splitlines() if "Orders  " in line]
    assert any(re.search(r"▶ Orders +db: Double of recover \d+:\d\d .*\d+:\d\d / 1 h", row) for row in rows)
    # How a row says what it waits for is held in tests/core: here that may pass between two drawings.
    assert any(re.search(r"· Orders +(waits for |waiting)", row) for row in rows)
    whole = opened.whole()
    assert "files: Double of recover: failed: No copy of files can be read." in " ".join(whole.split())
    assert "What is missing\n  drawings: blocked" in whole, "the report is the last thing"
    assert "TASK [" not in whole
    assert opened.text().count("Invented firm · activate ·") <= 2, "the display, and the head of the report"
    assert b"\x1b[?25l" not in opened.raw, "a cursor that is hidden stays so after a kill"
    log = (newest(made) / "ansible.log").read_text()
    assert "TASK [Let the run begin]" in log
    assert "PLAY RECAP" in log
    assert not CONTROL.search(log)

    said = lines.communicate(timeout=LIMIT_S)[0].splitlines()
    assert lines.returncode == 1
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d  \S.*", line) and not CONTROL.search(line) for line in said), said
    assert any(line.endswith("app: waits for db") for line in said)
    assert said[-1].endswith("The run ended and did not reach its goal.")
    last = json.loads(states.communicate(timeout=LIMIT_S)[0].splitlines()[-1])
    assert {row["id"]: row["state"] for row in last["rows"]} == {"orders": "usable", "drawings": "blocked"}


def test_a_run_that_is_killed_leaves_a_terminal_that_can_be_used(firm: Make) -> None:
    made = firm(behave={"db": {"recover": {"until_told": "never"}}, "files": {"recover": {"until_told": "never"}}})
    with window(made, "dr-activate.yml", NO_COLOR="1") as opened:
        opened.look(until=lambda text: "db: Double of recover" in text)
        argv = [sys.executable, "-m", "bascule", "watch", str(newest(made))]
        watch = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        os.kill(made.journal()[0]["pid"], signal.SIGKILL)
        # The display ends by itself, and the shell has the terminal again.
        text = " ".join(opened.look(until=lambda text: "killed" in text and "ended with 137" in text).split())
    assert "The run broke off: it was killed before it could say how it ended." in text
    assert "ended with 137" in text
    assert not re.search(rb"\x1b\[[0-9;]*m", opened.raw), "NO_COLOR"
    assert "killed" in watch.communicate(timeout=LIMIT_S)[0].splitlines()[-1]
    assert watch.returncode == 1


@pytest.mark.full
def test_an_interruption_says_what_ansible_said_last(firm: Make) -> None:
    made = firm(behave={"db": {"recover": {"until_told": "never"}}})
    with window(made, "dr-activate.yml") as opened:
        opened.look(until=lambda text: "db: Double of recover" in text)
        os.write(opened.terminal, b"\x03")
        opened.look(until=lambda text: "All that Ansible said" in text)
    assert "User interrupted execution" in opened.text()
    assert "All that Ansible said" in opened.text()


@pytest.mark.full
def test_who_asks_for_ansibles_own_words_gets_them(firm: Make) -> None:
    made = firm()
    for arguments, more in ((["-v"], {}), ([], {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"})):
        code, output = made.run("dr-activate.yml", "--check", *arguments, **more)
        assert code == 0
        assert "TASK [Let the run begin]" in output
    code, output = made.run("dr-activate.yml", "--check", TERM="dumb")
    assert code == 0
    assert "TASK [" not in output
    assert not CONTROL.search(output)
    assert re.search(r"^\d\d:\d\d:\d\d  Orders: simulated after ", output, re.MULTILINE), output
