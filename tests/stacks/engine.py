# SPDX-License-Identifier: Apache-2.0
"""The stack as it lies in a compiled folder, run by the real engine; what cloud is behind it, the environment says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decided import ASKED, PUBLIC_KEY
from plans import ROOT

PROJECT = "bascule-atelier"
LIMIT_S = 300


class Failed(Exception):
    """The engine ended with an error; the text is all that it said."""


class Folder:
    """A compiled folder: `plan.json`, `stack/`; beside it a backend, and a home of the engine's own."""

    def __init__(self, home: Path, plan: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self.home = home
        self.stack = home / "compiled" / "stack"
        shutil.copytree(
            ROOT / "stacks" / "aws_standby",
            self.stack,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
        project = self.stack / "Pulumi.yaml"
        project.write_text(project.read_text().replace("name: bascule-standby", f"name: {PROJECT}"))
        self.said: list[str] = []
        self.environment = {**environment, "PYTHONDONTWRITEBYTECODE": "1"}
        self.known: set[str] = set()
        self.take(plan)

    def take(self, plan: Mapping[str, Any]) -> None:
        """Compile again: another plan."""
        (self.home / "compiled" / "plan.json").write_text(json.dumps(plan))

    def run(self, *arguments: str) -> str:
        """Run the engine; return its output. Raise Failed."""
        ended = subprocess.run(
            ["pulumi", "--non-interactive", "--color", "never", *arguments],
            cwd=self.stack,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        self.said.append(ended.stdout + ended.stderr)
        if ended.returncode != 0:
            raise Failed(ended.stdout + ended.stderr)
        return ended.stdout

    def ask(self, what: str, **more: str) -> str:
        """Say what the stack is to be, by the names of the golden previews; return the stack's name."""
        asked = ASKED[what]
        name = f"drill-{asked['drill']}" if asked.get("drill") else "standby"
        if name not in self.known:
            self.run("stack", "init", name)
            self.known.add(name)
        values = {"publicKey": PUBLIC_KEY, **asked, **more}
        pairs = [word for key, value in values.items() for word in ("--plaintext", f"bascule:{key}={value}")]
        self.run("config", "set-all", "--stack", name, *pairs)
        return name

    def preview(self, what: str, *arguments: str) -> dict[str, Any]:
        """Return what the engine says of a preview."""
        stack = self.ask(what)
        found: dict[str, Any] = json.loads(self.run("preview", "--json", "--show-sames", "--stack", stack, *arguments))
        return found

    def read(self, what: str, *arguments: str) -> str:
        """Return what a person reads of a preview: unlike the other form, it says what the policy pack found."""
        return self.run("preview", "--stack", self.ask(what), *arguments)

    def up(self, what: str, *arguments: str) -> dict[str, Any]:
        """Build; return the output `bascule`."""
        name = self.ask(what)
        self.run("up", "--yes", "--skip-preview", "--stack", name, *arguments)
        found: dict[str, Any] = json.loads(self.run("stack", "output", "--json", "--stack", name))["bascule"]
        return found

    def resources(self, what: str) -> dict[str, dict[str, Any]]:
        """Return what the state holds, by the part of the URN after the project."""
        whole = json.loads(self.run("stack", "export", "--stack", self.ask(what)))
        return {short(one["urn"]): one for one in whole["deployment"].get("resources", [])}

    def destroy(self, what: str, *arguments: str) -> None:
        """Destroy from the state alone."""
        asked = ASKED[what]
        name = f"drill-{asked['drill']}" if asked.get("drill") else "standby"
        self.run("destroy", "--yes", "--skip-preview", "--stack", name, *arguments)


def short(urn: str) -> str:
    """The end of a URN: types and name."""
    return urn.split("::", 2)[2]


def listing(preview: Mapping[str, Any]) -> str:
    """Operation and URN of each step, sorted: a golden preview."""
    return "".join(sorted(f"{step['op']} {step['urn']}\n" for step in preview["steps"]))
