# SPDX-License-Identifier: Apache-2.0
"""A policy in its lab: bring it up, compile, start drivers, read reports. For the demonstration and the tests."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bascule_lab import estate, state
from bascule_lab.demo.commands import Commands, FailedError, Outcome

UP_LIMIT_S = 2400.0  # with the building of an image on a slow line
DRIVER_LIMIT_S = 1200.0
SHORT_S = 120.0


@dataclass(frozen=True)
class Run:
    """One run of a driver: how the command ended, the folder of the run, and its report (empty when there is none)."""

    outcome: Outcome
    folder: Path | None
    report: Mapping[str, Any]


@dataclass
class Rehearsal:
    """A policy, the folder it is compiled into, and the commands that are run for it."""

    policy: Path
    build: Path
    commands: Commands

    @cached_property
    def plan(self) -> dict[str, Any]:
        """The compiled plan."""
        data: dict[str, Any] = json.loads((self.build / "plan.json").read_text(encoding="utf-8"))
        return data

    def lab(self, *words: str, limit_s: float = SHORT_S) -> Outcome:
        """One command of the lab, for example `lab("kill", "primary")`. Raises FailedError."""
        argv = [sys.executable, "-m", "bascule_lab", words[0], str(self.policy), *words[1:]]
        name = "-".join(["lab", *(word for word in words[:2] if not word.startswith("-"))])
        return self.commands.must(name, argv, limit_s=limit_s)

    def up(self) -> None:
        """A lab with fresh machines; afterwards the commands have the rehearsal's secrets in their environment."""
        self.lab("up", "--fresh", limit_s=UP_LIMIT_S)
        argv = [sys.executable, "-m", "bascule_lab", "env", str(self.policy), "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=SHORT_S, check=False)
        if done.returncode:
            raise FailedError(done.stderr.strip() or "The lab does not tell its secrets.")
        self.commands.environment |= json.loads(done.stdout)

    def down(self) -> None:
        """Take the lab down, whatever is left of it."""
        self.lab("down")

    def status(self) -> dict[str, Any]:
        """What the lab says of itself. Raises FailedError."""
        argv = [sys.executable, "-m", "bascule_lab", "status", str(self.policy), "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=SHORT_S, check=False)
        if done.returncode:
            raise FailedError(done.stderr.strip() or "The lab does not say what is up.")
        return dict(json.loads(done.stdout))

    def compile(self, policy: Path | None = None) -> None:
        """Compile the policy (or this copy of it), with the lab's host keys, into a fresh folder. Raises FailedError.
        """
        if (self.build / "plan.json").exists():
            shutil.rmtree(self.build)
        known = str(state.State(self.policy_id).path("known_hosts"))
        argv = [
            sys.executable,
            "-m",
            "bascule",
            "compile",
            str(policy or self.policy),
            "-o",
            str(self.build),
            "--known-hosts",
            known,
        ]
        self.commands.must("compile", [*person(), *argv], limit_s=SHORT_S)
        self.__dict__.pop("plan", None)

    @cached_property
    def policy_id(self) -> str:
        """The id of the policy, which is also the lab's."""
        return estate.identity(self.policy)

    def driver(
        self,
        name: str,
        *,
        extra: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        playbook: str = "",
        build: Path | None = None,
        check: bool = False,
    ) -> Run:
        """Run a driver (`build`, `activate` …) in the compiled folder, whatever its exit code is.

        `extra` are its `-e` variables, `env` what is added to its environment; `playbook` is another ansible-playbook
        and `build` another copy of the folder than the usual ones. `check`: it only shows what it would do.
        """
        folder = build or self.build
        before = runs(folder)
        words = [part for key, value in (extra or {}).items() for part in ("-e", f"{key}={value}")]
        argv = [*person(), playbook or beside_python("ansible-playbook"), f"dr-{name}.yml", *words]
        argv += ["--check"] if check else []
        called = f"dr-{name}-check" if check else f"dr-{name}"
        outcome = self.commands.run(called, argv, limit_s=DRIVER_LIMIT_S, cwd=folder, more=env)
        new = sorted(runs(folder) - before)
        return Run(outcome, new[-1] if new else None, report(new[-1]) if new else {})

    def on(self, machine: str, script: str, *words: str, stdin: str = "", limit_s: float = SHORT_S) -> str:
        """What a shell script prints when root runs it on a machine's console. Raises FailedError when it fails."""
        argv = [
            sys.executable,
            "-m",
            "bascule_lab",
            "exec",
            str(self.policy),
            machine,
            "sh",
            "-c",
            script,
            "sh",
            *words,
        ]
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=limit_s, check=False)
        if done.returncode:
            raise FailedError(f"On {machine}: {(done.stderr or done.stdout).strip()[-500:]}")
        return done.stdout


def person() -> list[str]:
    """What stands before a command that the person runs who typed sudo: the lab needs root, the drivers do not."""
    owner = state.owner()
    if owner is None:
        return []
    name = pwd.getpwuid(owner[0]).pw_name
    return ["runuser", "-u", name, "--", "env", f"HOME={state.home()}"]


def beside_python(program: str) -> str:
    """A program of the environment that this Python belongs to, else the one on the path."""
    own = Path(sys.executable).with_name(program)
    return str(own) if own.exists() else program


def clean_environment() -> dict[str, str]:
    """This process's environment without what would change how Ansible works."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "BASCULE_"))}


def why(run: Run) -> str:
    """Why a driver did not succeed: what its report lacks, else the first error in its log."""
    problems = run.report.get("problems")
    if problems:
        return "; ".join(str(problem) for problem in problems) + "."
    lines = run.outcome.log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = (line.strip() for line in lines if line.startswith(("fatal:", "[ERROR]", "ERROR")))
    return next(errors, "its log says no reason.")[:400]


def runs(folder: Path) -> set[Path]:
    """The folders of the runs that a compiled folder holds."""
    return {path for path in (folder / "runs").glob("*-*-*") if path.is_dir()}


def report(run: Path) -> dict[str, Any]:
    """The report of a run; empty when it has none."""
    path = run / "report.json"
    if not path.exists():
        return {}
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data
