# SPDX-License-Identifier: Apache-2.0
"""Runs single step files on machines of a lab, as a driver would: with a run's token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STEP_FILES = ROOT / "playbooks" / "systems"
OTHER = {"primary": "standby", "standby": "primary"}
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_tasks: "{{ step_file }}"
    - ansible.builtin.copy:
        content: "{{ dict(names | zip(query('vars', *names))) | to_json }}"
        dest: "{{ out_file }}"
        mode: "0600"
      vars:
        names: "{{ query('varnames', '^(files|service)_') }}"
"""
# The token is bound to the process that is ansible-playbook: written by the one that becomes it.
LAUNCH = """
import json, os, sys
folder, argv = sys.argv[1], sys.argv[2:]
path = os.path.join(folder, "run.json")
run = json.load(open(path))
json.dump({**run, "pid": os.getpid()}, open(path, "w"))
os.environ.update(BASCULE_RUN=folder, BASCULE_RUN_PID=str(os.getpid()))
os.execv(argv[0], argv)
"""


@dataclass
class Steps:
    """Steps of systems (plan entries by id) on the machines of a lab whose state is in `state`."""

    folder: Path
    state: Path
    systems: dict[str, dict[str, Any]]
    secrets: dict[str, Any]
    numbers: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        plan = {"schema": "bascule/plan/v1", "secrets": self.secrets, "systems": self.systems}
        (self.folder / "plan.json").write_text(json.dumps(plan))
        (self.folder / "play.yml").write_text(PLAY)
        become = {"ansible_become": True, "ansible_python_interpreter": "/usr/bin/python3"}
        machines = {name: become for system in self.systems.values() for name in system["machines"].values()}
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory = {"all": {"hosts": {**machines, "localhost": local}}}
        (self.folder / "hosts.json").write_text(json.dumps(inventory))

    def new_run(self) -> str:
        self.numbers.append(len(self.numbers) + 1)
        return f"run-{self.numbers[-1]}"

    def __call__(self, step: str, system: str, direction: str, **how: Any) -> dict[str, Any]:
        """Run `step` as `attempt` does; fails with the output of Ansible when the step does."""
        done, result = self.attempt(step, system, direction, **how)
        assert done.returncode == 0, done.stdout + done.stderr
        return result

    def attempt(
        self, step: str, system: str, direction: str, *, driver: str = "build", scenario: str = "loss",
        point: str | None = None, run: str | None = None, options: dict[str, Any] | None = None,
    ) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
        """Run `step` of `system` so that `direction` serves; what its tasks returned, by registered name."""
        run = run or self.new_run()
        folder = self.folder / "runs" / run
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"id": run, "driver": driver, "direction": direction, "point": point, "check": False,
                 "scope": {"groups": []}, "started": time.time(),
                 "scenario": {"name": scenario, "mode": scenario}}  # fmt: skip
        (folder / "run.json").write_text(json.dumps(facts))
        entry, away = self.systems[system], OTHER[direction]
        unit = {"id": f"system.{system}", "kind": "system", "subject": system, "system": entry, "policy": "stepstest",
                "here_site": direction, "there_site": away, "here": entry["machines"][direction],
                "there": entry["machines"][away]}  # fmt: skip
        out = folder / "out.json"
        out.unlink(missing_ok=True)
        known = (self.state / "known_hosts").read_text().splitlines()
        variables = {"unit": unit, "run": facts, "known_hosts_lines": known, "options": options or {},
                     "out_file": str(out), "step_file": str(STEP_FILES / entry["type"] / f"{step}.yml")}  # fmt: skip
        (folder / "vars.json").write_text(json.dumps(variables))
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", LAUNCH, str(folder), str(Path(sys.executable).with_name("ansible-playbook")),
             "-i", str(self.folder / "hosts.json"), "-e", f"@{folder / 'vars.json'}", str(self.folder / "play.yml")],
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".dev"), "ANSIBLE_PIPELINING": "1",
                 "ANSIBLE_SSH_ARGS": f"-F {self.state / 'ssh_config'}",
                 "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"},
            text=True, capture_output=True, timeout=300, check=False,
        )  # fmt: skip
        self.seconds = time.monotonic() - began
        return done, json.loads(out.read_text()) if out.exists() else {}
