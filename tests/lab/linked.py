# SPDX-License-Identifier: Apache-2.0
"""Instances made by hand where an engine would make them, and steps of the link run on them with a run's token."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .conftest import LabCommand
from .steps import LAUNCH, ROOT

POLICY = Path(__file__).parent / "policies" / "cloud" / "policy.yml"
INSTANCES = {"db2": "i-0a0a0a0a0a0a0a0a1", "gate2": "i-0a0a0a0a0a0a0a0a2"}
BOOT_LIMIT_S, SOON_S = 90, 60
USER_DATA = """#cloud-config
users:
  - name: dr
    shell: /bin/bash
    sudo: ["ALL=(ALL) NOPASSWD: ALL"]
    ssh_authorized_keys: [{key}]
ssh_pwauth: false
write_files:
  - {{path: /etc/made-by, content: "cloud-init"}}
"""
PLAY = """
- hosts: machines
  gather_facts: false
  tasks:
    - bascule.continuity.link: {step: "{{ link_step }}", limit_s: "{{ limit_s }}"}
      ignore_errors: true
      ignore_unreachable: true
"""


@dataclass
class Linked:
    """A lab with the plan of its policy in `build`, and what has to be known of its instances."""

    lab: LabCommand
    build: Path
    public: dict[str, str | None] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        """Lay down what a run of the step reads: the plan, and a play in place of the drivers."""
        argv = [sys.executable, "-m", "bascule", "plan", str(self.lab.policy), "--json"]
        done = subprocess.run(argv, env=self.lab.environment(), check=True, timeout=60, capture_output=True, text=True)
        self.build.mkdir(exist_ok=True)
        (self.build / "plan.json").write_text(done.stdout)
        (self.build / "play.yml").write_text(PLAY)

    @property
    def plan(self) -> dict[str, Any]:
        return dict(json.loads((self.build / "plan.json").read_text()))

    def create(self, name: str, identity: str = "", public: bool = False) -> None:
        """Make an instance of the plan, and write down where the link's end is."""
        key = (self.lab.home / ".ssh/bascule-cloud.pub").read_text().strip()
        data = self.build.parent / "user-data"
        data.write_text(USER_DATA.format(key=key))
        words = ["create", "--instance", identity or INSTANCES[name], "--name", name, "--user-data", str(data),
                 "--address", self.plan["machines"][name]["address"], *(["--public"] if public else [])]  # fmt: skip
        self.public[name] = json.loads(self.lab("instance", *words))["public"]
        if public:
            outputs = {"schema": "bascule/outputs/v1", "link": {"endpoint": self.public[name], "port": 51820}}
            (self.build / "outputs").mkdir(exist_ok=True)
            (self.build / "outputs/standby.json").write_text(json.dumps(outputs))

    def booted(self, name: str) -> str:
        """Wait until cloud-init is done; what it says of itself."""
        wait = f"timeout {BOOT_LIMIT_S} cloud-init status --wait >/dev/null"
        return self.lab.sh(name, f"{wait}; cloud-init status --long")

    def instance(self, action: str, name: str) -> str:
        """The state of an instance after an action of its life."""
        return str(json.loads(self.lab("instance", action, "--instance", INSTANCES[name]))["state"])

    def step(
        self, step: str, *, driver: str = "build", silent: tuple[str, ...] = (), limit_s: float = 6
    ) -> tuple[subprocess.CompletedProcess[str], dict[str, dict[str, Any]]]:
        """Run a step of the link on all machines; the end of Ansible, and what each machine returned."""
        self.count += 1
        folder = self.build / "runs" / f"{self.count}"
        (folder / "out").mkdir(parents=True)
        machines = self.plan["machines"]
        facts = {"id": folder.name, "driver": driver, "direction": "standby", "point": None, "check": False,
                 "scope": {"groups": []}, "started": time.time(), "scenario": {"name": "lost", "mode": "loss"},
                 "reachable": {name: name not in silent for name in machines}}  # fmt: skip
        (folder / "run.json").write_text(json.dumps(facts))
        words = {"link_step": step, "limit_s": limit_s}
        done = subprocess.run(
            [sys.executable, "-c", LAUNCH, str(folder), str(Path(sys.executable).with_name("ansible-playbook")),
             "-i", str(self._inventory()), "-e", json.dumps(words), str(self.build / "play.yml")],
            env={**self.lab.environment(), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".dev"), "ANSIBLE_PIPELINING": "1",
                 "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0",
                 "ANSIBLE_CALLBACKS_ENABLED": "tree", "ANSIBLE_CALLBACK_TREE_DIR": str(folder / "out"),
                 "ANSIBLE_SSH_ARGS": f"-F {self._ssh_config()}", **json.loads(self.lab("env", "--json"))},
            text=True, capture_output=True, timeout=300, check=False, cwd=self.build,
        )  # fmt: skip
        return done, {path.name: json.loads(path.read_text()) for path in (folder / "out").iterdir()}

    def _inventory(self) -> Path:
        how = {"ansible_become": True, "ansible_python_interpreter": "/usr/bin/python3"}
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        machines = {"hosts": dict.fromkeys(self.plan["machines"], how)}
        groups = {"hosts": {"localhost": local}, "children": {"machines": machines}}
        path = self.build.parent / "hosts.json"
        path.write_text(json.dumps({"all": groups}))
        return path

    def _ssh_config(self) -> Path:
        """The lab's, with the host keys of instances: somebody has met them by now."""
        state = Path(self.lab.status()["state"])
        text = (state / "ssh_config").read_text()
        known = (state / "known_hosts").read_text()
        for name in self.public:
            keys = self.lab.sh(name, "cat /etc/ssh/ssh_host_ed25519_key.pub || true").split()[:2]
            known += f"{name} {' '.join(keys)}\n"
        met = self.build.parent / "known_hosts"
        met.write_text(known)
        path = self.build.parent / "ssh_config"
        path.write_text(text.replace(str(state / "known_hosts"), str(met)))
        os.chmod(path, 0o600)
        return path


def made(home: Path, folder: Path) -> Iterator[Linked]:
    """The lab of the firm with both instances made, for as long as the tests of a module run."""
    lab = LabCommand(shutil.copytree(POLICY.parent, folder / "firm") / POLICY.name, home)
    (folder / "plan").mkdir()
    try:
        lab("up")
        linked = Linked(lab, folder / "plan" / "build")
        linked.create("gate2", public=True)
        linked.create("db2")
        yield linked
    finally:
        lab.attempt("down")


KNOCK = """
import socket, sys, threading
found = {}
def knock(door):
    address, port = door.split(":")
    try:
        socket.create_connection((address, int(port)), 1.5).close()
        found[door] = "open"
    except TimeoutError:
        found[door] = "silent"
    except OSError as error:
        found[door] = "silent" if error.errno == 113 else repr(error)
threads = [threading.Thread(target=knock, args=(door,)) for door in sys.argv[1:]]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("\\n".join(found[door] for door in sys.argv[1:]))
"""


def opened(linked: Linked, machine: str, *doors: str) -> list[bool]:
    """Which of `address:port` a machine reaches; silence is no, a refusal is an error."""
    said = linked.lab("exec", machine, "python3", "-c", KNOCK, *doors).split("\n")[: len(doors)]
    assert set(said) <= {"open", "silent"}, said
    return [word == "open" for word in said]


def soon(look: Callable[[], bool]) -> bool:
    """Whether something becomes true within a minute."""
    end = time.monotonic() + SOON_S
    while not (found := look()) and time.monotonic() < end:
        time.sleep(1)
    return found


def failed(said: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Machines at which a step failed. Ansible takes its own words, `failed` and `skipped`, out of what it hands on."""
    return sorted(name for name, one in said.items() if one.get("word") == "failed")


def tcp(linked: Linked, machine: str, address: str, port: int = 22) -> bool:
    """Whether a machine reaches a port."""
    return opened(linked, machine, f"{address}:{port}")[0]
