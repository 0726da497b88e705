# SPDX-License-Identifier: Apache-2.0
"""A sample firm on machines of its own, so that a bench and a demonstration do not meet."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bascule_lab.demo import alone
from bascule_lab.demo.commands import Commands
from bascule_lab.demo.rehearsal import SHORT_S, Rehearsal, Run, clean_environment

ROOT = Path(__file__).parents[1]
OBSERVER = "outside"
DECLARE = {"BASCULE_DECLARE": "rehearsal: the primary site is gone"}
RUNTIME = "/usr/local/lib/bascule"
SETTLE_S = 3.0
BACK_S = 3.0  # for the machines of a site that gets its power back


@dataclass(frozen=True)
class Sample:
    """A firm among the examples, and the identity and the addresses that it has in a bench."""

    example: str
    id: str
    network: str


WORKSHOP = Sample("atelier", "speed", "10.87.")
HYPERVISORS = Sample("atelier-vm", "speed-vm", "10.88.")


class BenchError(Exception):
    """The firm is not in the state that can be measured; the text says why."""


@dataclass
class Firm:
    """The sample firm in its lab, built and at work; `folder` holds logs and what the observer saw."""

    rehearsal: Rehearsal
    folder: Path
    id: str = WORKSHOP.id

    @property
    def settings(self) -> str:
        """What the observer's agent reads, on its machine."""
        return f"/etc/bascule/{self.id}/watch.json"

    def drive(self, name: str, **options: Any) -> Run:
        """Run a driver that must succeed."""
        run = self.rehearsal.driver(name, **options)
        if run.outcome.exit:
            raise BenchError(f"dr-{name} ended with {run.outcome.exit}; see {run.outcome.log}")
        return run

    def power_back(self) -> None:
        """Start the machines that were lost."""
        self.rehearsal.lab("start", "primary")
        time.sleep(BACK_S)

    def home(self, **extra: str) -> None:
        """Bring the firm back to where it was lost from; `extra` are variables of the driver."""
        self.power_back()
        self.drive("failback", extra=extra)

    @contextlib.contextmanager
    def watched(self, *activities: str) -> Iterator[list[dict[str, Any]]]:
        """What clients at the observer see while the block runs, answer by answer; complete when it has ended.

        They ask through the users' names, from a machine whose resolver keeps nothing.
        """
        client_py = (Path(__file__).parent / "client.py").read_text(encoding="utf-8")
        script = 'PYTHONPATH="$1" exec timeout 900 python3 -c "$2" "$3" $4'
        argv = [sys.executable, "-m", "bascule_lab", "exec", str(self.rehearsal.policy), OBSERVER, "sh", "-c", script]
        argv += ["sh", RUNTIME, client_py, self.settings, " ".join(activities)]
        seen: list[dict[str, Any]] = []
        client = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            time.sleep(SETTLE_S)
            yield seen
            time.sleep(SETTLE_S)
        finally:
            out, _ = client.communicate("", timeout=SHORT_S)
            seen += [json.loads(line) for line in out.splitlines()]


@contextlib.contextmanager
def built(folder: Path, sample: Sample = WORKSHOP) -> Iterator[Firm]:
    """The firm, up and with a standby. Raises BenchError; takes the lab down in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    policy = moved(folder / "firm", sample)
    with alone.alone(sample.id) as running:
        logs = folder / "logs"
        logs.mkdir(exist_ok=True)
        commands = Commands(logs, environment=clean_environment(), running=running)
        rehearsal = Rehearsal(policy, folder / "build", commands)
        firm = Firm(rehearsal, folder, sample.id)
        try:
            rehearsal.up()
            rehearsal.compile()
            firm.drive("build", extra={"restart": "allowed"})
            yield firm
        finally:
            rehearsal.down()


def moved(folder: Path, sample: Sample) -> Path:
    """A copy of the firm with an identity and addresses of its own; returns its policy."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "examples" / sample.example, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace("10.99.", sample.network)
            path.write_text(text.replace(f"id: {sample.example}\n", f"id: {sample.id}\n"), encoding="utf-8")
    return folder / "policy.yml"
