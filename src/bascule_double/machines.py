# SPDX-License-Identifier: Apache-2.0
"""Machines behind instances: a command that makes, stops, starts and removes real ones.

The environment variable BASCULE_DOUBLE_MACHINES is a command line, to which is added
    create --instance i-… --name db2 --address 10.20.0.11 [--public] --user-data FILE
                               and it prints {"public": "10.99.250.11"|null}
    stop|start|terminate --instance i-…
    state --instance i-…       and it prints {"state": "running|stopped|absent"}
    address --name db2         and it prints {"public": …}: the public address which that machine has, or will have
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bascule_double.errors import DoubleError

VARIABLE = "BASCULE_DOUBLE_MACHINES"
CREATE_S = 600.0
LIMIT_S = 120.0
# What a machine is after each action.
AFTER = {"stop": "stopped", "start": "running", "terminate": "absent"}


@dataclass(frozen=True)
class Machines:
    """The command, as words, and the children that run."""

    command: tuple[str, ...]
    children: set[subprocess.Popen[str]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def create(self, instance: str, name: str, address: str, public: bool, user_data: str) -> str | None:
        """Make the machine of an instance; returns its public address. Raises DoubleError."""
        with tempfile.NamedTemporaryFile("w", prefix="user-data-", encoding="utf-8") as file:
            file.write(user_data)
            file.flush()
            words = ["create", "--instance", instance, "--name", name, "--address", address]
            words += [*(["--public"] if public else []), "--user-data", file.name]
            return text_or_none(self.ask(words, CREATE_S).get("public"))

    def act(self, action: str, instance: str) -> None:
        """Stop, start or terminate the machine of an instance. Raises DoubleError."""
        self.run([action, "--instance", instance], LIMIT_S)

    def follow(self, action: str, instance: str) -> None:
        """The same, where the machine is not already as it would be then. Raises DoubleError."""
        if self.state(instance) not in (AFTER[action], "absent"):
            self.act(action, instance)

    def state(self, instance: str) -> str:
        """`running`, `stopped` or `absent`. Raises DoubleError."""
        return str(self.ask(["state", "--instance", instance], LIMIT_S).get("state", "absent"))

    def public_address(self, name: str) -> str | None:
        """The public address that a machine has or will have, None when it has none. Raises DoubleError."""
        return text_or_none(self.ask(["address", "--name", name], LIMIT_S).get("public"))

    def ask(self, words: Sequence[str], limit_s: float) -> dict[str, Any]:
        """Run the command and return the JSON object that it prints. Raises DoubleError."""
        output = self.run(words, limit_s)
        try:
            found = json.loads(output)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise DoubleError(f"{self.brief(words)} printed no JSON object: {output.strip()[:200]!r}")
        return found

    def run(self, words: Sequence[str], limit_s: float) -> str:
        """Run the command to its end and return what it printed. Raises DoubleError with its last words."""
        pipe = subprocess.PIPE
        try:
            child = subprocess.Popen(
                [*self.command, *words],
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
                text=True,
                start_new_session=True,
            )
        except OSError as error:
            raise DoubleError(f"{VARIABLE}: {self.command[0]} cannot be run: {error.strerror}.") from None
        with self.lock:
            self.children.add(child)
        try:
            output, errors = child.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise DoubleError(f"{self.brief(words)} did not end within {limit_s:.0f} s.") from None
        finally:
            self.end(child)
        if child.returncode:
            last = " | ".join([line.strip() for line in errors.splitlines() if line.strip()][-4:])
            raise DoubleError(f"{self.brief(words)} failed (exit {child.returncode}): {last or 'it said nothing'}")
        return output

    def end(self, child: subprocess.Popen[str]) -> None:
        """Forget a child; end its group when it still runs."""
        with self.lock:
            self.children.discard(child)
        if child.poll() is None:
            os.killpg(child.pid, 15)
            child.communicate()

    def cancel(self) -> None:
        """Ask all children that run to end; who waits for them gets an error."""
        with self.lock:
            running = [child for child in self.children if child.poll() is None]
        for child in running:
            os.killpg(child.pid, 15)

    def brief(self, words: Sequence[str]) -> str:
        """The command as it is named in errors."""
        return f"The command behind instances, `{' '.join(words[:3])}`,"


def text_or_none(value: Any) -> str | None:
    """A text, or None for what is empty."""
    return str(value) if value else None


def from_environment(environment: Mapping[str, str] = os.environ) -> Machines | None:
    """The machines that the environment names, None when it names none. Raises DoubleError when it is no command."""
    written = environment.get(VARIABLE, "").strip()
    if not written:
        return None
    try:
        return Machines(tuple(shlex.split(written)))
    except ValueError as error:
        raise DoubleError(f"{VARIABLE} is no command line: {error}.") from None
