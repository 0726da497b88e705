# SPDX-License-Identifier: Apache-2.0
"""The commands of a demonstration: their logs, limits and ends. Small real processes."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from bascule_lab.demo.commands import Commands, FailedError, last_line

from ..processes import ends

# A computer may stand still for a while: what must come is waited for patiently, what must not end lasts.
PATIENCE_S, LASTING_S = 300, 600


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_goes_to_numbered_logs(commands: Commands) -> None:
    commands.must("one", python("print('good')"), limit_s=PATIENCE_S)
    outcome = commands.run("two", python("import sys; print('bad', file=sys.stderr); sys.exit(3)"), limit_s=PATIENCE_S)
    assert [item.log.name for item in commands.outcomes] == ["01-one.log", "02-two.log"]
    assert (outcome.exit, outcome.log.read_text()) == (3, "bad\n")


def test_a_failure_says_the_last_line_and_the_log(commands: Commands) -> None:
    with pytest.raises(FailedError, match=r"one ended with 1: it's full") as caught:
        commands.must("one", python("print('it\\'s full'); print(); raise SystemExit(1)"), limit_s=PATIENCE_S)
    assert caught.value.log == commands.outcomes[0].log


def test_a_program_that_is_not_there(commands: Commands) -> None:
    with pytest.raises(FailedError, match="no-such-program cannot be started: No such file or directory"):
        commands.run("one", ["no-such-program"], limit_s=PATIENCE_S)


def test_a_limit_ends_the_command_and_its_children(commands: Commands) -> None:
    code = (
        f"import subprocess, sys; p = subprocess.Popen(['sleep', '{LASTING_S}']); print(p.pid, flush=True); p.wait()"
    )
    for limit_s in (1, 30, 120):  # the limit may come before the child
        with pytest.raises(FailedError, match=f"slow did not end within {limit_s} s"):
            commands.run("slow", python(code), limit_s=limit_s)
        told = commands.outcomes[-1].log.read_text().splitlines()
        if told:
            break
    assert ends(int(told[0]))


def test_an_interruption_reaches_the_command(commands: Commands) -> None:
    # Where the tests run in the background, a shell has told them and all that they start to ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"try:\n print('begun', flush=True); time.sleep({LASTING_S})\n"
        "except KeyboardInterrupt:\n print('put in order')"
    )
    threading.Thread(target=interrupt_when, args=(commands.folder / "01-long.log", "begun")).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            commands.run("long", python(code), limit_s=LASTING_S)
    finally:
        signal.signal(signal.SIGINT, before)
    assert last_line(commands.folder / "01-long.log") == "put in order"


def interrupt_when(log: Path, word: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and not (log.exists() and word in log.read_text()):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


def test_the_last_line_of_ansible(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("TASK [Fence] *********\n\n")
    assert last_line(log) == "TASK [Fence]"
