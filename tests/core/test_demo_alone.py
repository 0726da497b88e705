# SPDX-License-Identifier: Apache-2.0
"""One demonstration at a time; what a killed one left running is ended, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bascule_lab.demo.alone import alone, began, note
from bascule_lab.errors import LabError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the lab runs on Linux")


def test_a_second_one_is_refused_while_the_first_runs(tmp_path: Path) -> None:
    with alone("firm", tmp_path):
        with pytest.raises(LabError, match="A demonstration of firm is running"), alone("firm", tmp_path):
            pass
        with alone("other-firm", tmp_path):
            pass
    with alone("firm", tmp_path):
        pass


@pytest.mark.slow
def test_what_a_killed_one_left_running_is_ended(tmp_path: Path) -> None:
    stubborn = ["sh", "-c", "trap '' TERM; echo; sleep 600"]
    left = subprocess.Popen(stubborn, start_new_session=True, stdout=subprocess.PIPE)
    assert left.stdout
    with left.stdout:
        left.stdout.readline()
    with alone("firm", tmp_path) as running:
        note(running, left.pid)
    with alone("firm", tmp_path) as running:
        assert left.wait(120) == -9
        assert not running.exists()


def test_another_process_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo-firm.json").write_text(f'{{"pid": {os.getpid()}, "began": "1"}}')
    with alone("firm", tmp_path):
        assert began(os.getpid()) not in ("", "1")


@pytest.mark.parametrize("text", ["", "[]", '{"pid": "x", "began": 1}'])
def test_a_broken_note_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "demo-firm.json").write_text(text)
    with alone("firm", tmp_path) as running:
        assert not running.exists()
