# SPDX-License-Identifier: Apache-2.0
"""A handle on the command `bascule-lab` for tests that start machines."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import fault_table as table

LIMIT_S = 400  # the first `up` on a computer builds the image
CONNECT_S = 1.5


@dataclass(frozen=True)
class LabCommand:
    """Runs `bascule-lab` on one policy, with a home of its own."""

    policy: Path
    home: Path

    def environment(self) -> dict[str, str]:
        plain = {key: value for key, value in os.environ.items() if key != "SUDO_UID"}
        source = str(Path(__file__).parents[2] / "src")
        return plain | {"HOME": str(self.home), "PYTHONPATH": source}

    def argv(self, command: str, *words: str) -> list[str]:
        return [sys.executable, "-m", "bascule_lab", command, str(self.policy), *words]

    def attempt(self, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(command, *words), env=self.environment(), text=True, capture_output=True, timeout=LIMIT_S,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def __call__(self, command: str, *words: str) -> str:
        done = self.attempt(command, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self("status", "--json")))

    def machine(self, name: str) -> dict[str, Any]:
        return dict(self.status()["machines"][name])

    def sh(self, machine: str, script: str) -> str:
        """Run a script on a machine's console."""
        return self("exec", machine, "sh", "-c", script).strip()

    def answers(self, machine: str) -> bool:
        """Whether the machine's ssh port answers this computer. A refusal is an error: a dead machine is silent."""
        row = self.machine(machine)
        try:
            with socket.create_connection((row["address"], row["port"]), timeout=CONNECT_S):
                return True
        except TimeoutError:
            return False


@pytest.fixture(scope="module")
def lab_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("the lab needs root on Linux")
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def fault_table(request: pytest.FixtureRequest) -> table.FaultTable:
    """What the test of a fault ends with: `fault_table.ends_with(run, …)`."""
    return table.FaultTable(table.PAGE, accept=bool(request.config.getoption("--accept")))


def raised(folder: Path, home: Path, policy: str, lab_yml: str, scripts: dict[str, str]) -> Iterator[LabCommand]:
    """A lab that is up for as long as the tests of a module run."""
    (folder / "policy.yml").write_text(policy)
    (folder / "lab.yml").write_text(lab_yml)
    for name, text in scripts.items():
        (folder / name).write_text(text)
    lab = LabCommand(folder / "policy.yml", home)
    try:
        lab("up")
        yield lab
    finally:
        lab.attempt("down")
