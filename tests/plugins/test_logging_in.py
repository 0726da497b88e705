# SPDX-License-Identifier: Apache-2.0
"""While silent machines are waited for, those that answer are logged in to, by the connection that is shared later."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ansible_collections.bascule.continuity.plugins.plugin_utils import _doors

# Stands for a client that notes whom it reaches, and for a machine that takes a connection and then says nothing.
SSH = """#!/bin/sh
case "$3" in hangs) exec sleep 600 ;; esac
echo "$*" >> "$LOG"
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ssh").write_text(SSH)
    (tmp_path / "bin/ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setattr(_doors, "LOG_IN_S", 1.0)
    return tmp_path / "log"


def test_all_are_logged_in_to_once_and_one_that_hangs_is_given_up(log: Path, tmp_path: Path) -> None:
    (tmp_path / "ssh_config").write_text("# as compiled\n")
    began = time.monotonic()
    with _doors.logging_in(["db2", "hangs", "app2"], tmp_path):
        pass
    assert time.monotonic() - began < 60
    assert sorted(log.read_text().splitlines()) == [f"-F {tmp_path}/ssh_config {name} true" for name in ("app2", "db2")]


def test_nobody_is_logged_in_to_where_no_connection_is_described(log: Path, tmp_path: Path) -> None:
    with _doors.logging_in(["db2"], tmp_path / "elsewhere"):
        pass
    assert not log.exists()
