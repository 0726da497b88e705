# SPDX-License-Identifier: Apache-2.0
"""The way to a machine that is built: its own address, the public one of the link's end, or through that machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bascule_runtime import way

from ..plugins.door import Door

ROOT = Path(__file__).parents[2]
# Of the range for documentation: nobody is there, and nothing is sent there in these tests.
PRIVATE = "192.0.2.13"


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiled folder of which only the public address of the link's end answers."""
    machines = {"files2": {"address": PRIVATE, "site": "standby"}, "app2": {"address": "192.0.2.12", "site": "standby"}}
    cloud = {"machines": {name: {"runs_in": ["protect", "activate"]} for name in machines}}
    plan = {"machines": machines, "sites": {"standby": {"cloud": cloud}}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "outputs").mkdir()
    link = {"machine": "files2", "endpoint": "127.0.0.1", "port": 51820}
    (tmp_path / "outputs/standby.json").write_text(json.dumps({"link": link, "machines": {}}))
    real = way._connected
    monkeypatch.setattr(way, "_connected", lambda host, port, s: None if host != "127.0.0.1" else real(host, port, s))
    return tmp_path


def test_a_machine_that_answers_is_connected_to(folder: Path, door: Door) -> None:
    found = way._found(folder, "127.0.0.1", door.port)
    assert found is not None
    assert found.recv(4) == b"SSH-"
    found.close()


def test_the_end_of_the_link_has_a_public_address(folder: Path, door: Door) -> None:
    found = way._found(folder, PRIVATE, door.port)
    assert found is not None
    assert found.recv(4) == b"SSH-"
    found.close()


def test_the_others_are_reached_through_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = folder / "bin/ssh"
    ssh.parent.mkdir()
    ssh.write_text("#!/bin/sh\necho \"$@\"\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    found = way._found(folder, "192.0.2.12", 22)
    assert found is not None
    assert found.makefile().readline() == "-F ssh_config -W 192.0.2.12:22 files2\n"
    found.close()


def test_there_is_no_way_while_nothing_is_built(folder: Path) -> None:
    (folder / "outputs/standby.json").unlink()
    assert way._found(folder, PRIVATE, 22) is None


def test_ssh_is_handed_the_connection_itself(tmp_path: Path, door: Door) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    command = [sys.executable, "-m", "bascule_runtime", "way", "127.0.0.1", str(door.port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, stdout=theirs, check=False, timeout=30)
    assert ended.returncode == 0
    _said, (number,), _flags, _address = socket.recv_fds(ours, 1, 1)
    with socket.socket(fileno=number) as handed:
        assert handed.recv(4) == b"SSH-"
    ours.close()
    theirs.close()


def test_where_there_is_no_way_ssh_is_told_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    command = [sys.executable, "-m", "bascule_runtime", "way", "127.0.0.1", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert "No route to host" in ended.stderr
