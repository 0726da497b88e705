# SPDX-License-Identifier: Apache-2.0
"""A compiled folder made by hand, for an invented firm whose systems are doubles: every machine is this computer."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from door import Door

from bascule_runtime.workers import in_turn

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
# A computer may stand still for a while, and none of these tests is about what is late.
PATIENCE_S = 300
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
STEPS = ("prepare", "protect", "points", "recover", "demote", "resync", "compare", "forget", "status")
AT = {"protect": "here", "recover": "here", "points": "here", "status": "here", "demote": "there", "resync": "here"}


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _checks(plan: dict[str, Any]) -> dict[str, Any]:
    kept = ("type", "group", "machines", "addresses", "settings", "protections")
    return {
        "schema": "bascule/checks/v1",
        "policy": {"id": plan["policy"]["id"]},
        "machines": {},
        "systems": {name: {key: entry[key] for key in kept} for name, entry in plan["systems"].items()},
        "activities": {
            name: {key: entry[key] for key in ("name", "group", "systems", "usable_when")}
            for name, entry in plan["activities"].items()
        },
        "observers": [{"id": name, **entry} for name, entry in plan["observers"].items()],
    }


@dataclass
class Firm:
    """Two chains of systems in two switch groups: db → app → orders, and files → drawings."""

    home: Path
    door: Door
    silent: tuple[str, ...] = ()
    deaf: tuple[str, ...] = ()
    behave: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.home / "build"

    @property
    def root(self) -> Path:
        return self.home / "machines"

    def plan(self) -> dict[str, Any]:
        systems = {
            "db": self._system("db", ["db1", "db2"], [], "orders", 100),
            "app": self._system("app", ["app1", "app2"], ["db"], "orders", 0),
            "files": self._system("files", ["files1", "files2"], [], "drawings", 10),
        }
        machines = {
            name: {
                "site": "primary" if name.endswith("1") else "standby",
                "address": "127.0.0.1",
                "port": closed_port() if name in self.silent else self.door.port,
                "user": "root",
                "become": None,
                "key": None,
                "via": None,
            }
            for name in ("db1", "app1", "files1", "db2", "app2", "files2")
        }
        machines["outside"] = {**machines["db2"], "site": "third"}
        return {
            "schema": "bascule/plan/v1",
            "bascule": "0.1.0",
            "policy": {
                "id": "double",
                "name": {"en": "Invented firm"},
                "digest": "sha256:0",
                "language": "en",
                "currency": "EUR",
                "timezone": "Europe/Paris",
            },
            "sites": {name: {"provider": "hosts"} for name in ("primary", "standby", "third")},
            "machines": machines,
            "controllers": {"desk": {"site": "standby", "machine": None}},
            "observers": {"outside": {"machine": "outside", "every_s": 1}},
            "secrets": {"copies-key": {"env": "DOUBLE_COPIES_KEY"}},
            "switch": {"kind": "manual", "say": "Turn the sign.", "limit_s": PATIENCE_S},
            "systems": systems,
            "groups": {"orders": self._group("orders", ["db", "app"]), "drawings": self._group("drawings", ["files"])},
            "activities": {
                "orders": self._activity("orders", ["db", "app"]),
                "drawings": self._activity("drawings", ["files"]),
            },
            "units": [
                self._unit("system", "db"),
                self._unit("system", "files"),
                self._unit("system", "app", "system.db"),
                self._unit("switch", "orders", "system.app", "system.db"),
                self._unit("switch", "drawings", "system.files"),
                self._unit("activity", "orders", "switch.orders"),
                self._unit("activity", "drawings", "switch.drawings"),
            ],
            "scenarios": {"ransomware": {"mode": "compromise"}},
        }

    def _system(self, name: str, machines: list[str], needs: list[str], group: str, size: int) -> dict[str, Any]:
        protections = [{"by": "double", "key": {"secret": "copies-key"}}] if size else []
        return {
            "id": name,
            "type": "double",
            "machines": dict(zip(("primary", "standby"), machines, strict=True)),
            "addresses": {"primary": "127.0.0.1", "standby": "127.0.0.1"},
            "needs": needs,
            "group": group,
            "consistent_with": [],
            "size_bytes": size,
            "change_bytes_per_day": size,
            "protections": protections,
            "third": None,
            "settings": {"root": str(self.root)},
            "predicted": {"rto": {"seconds": 1, "parts": []}, "rpo": {"seconds": 1, "source": "default"}},
        }

    @staticmethod
    def _group(name: str, systems: list[str]) -> dict[str, Any]:
        return {
            "id": name,
            "activities": [name],
            "systems": systems,
            "names": [
                {
                    "name": name,
                    "fqdn": f"{name}.double.test",
                    "system": systems[-1],
                    "addresses": {"primary": "127.0.0.1", "standby": "127.0.0.2"},
                }
            ],
        }

    def _activity(self, name: str, systems: list[str]) -> dict[str, Any]:
        return {
            "id": name,
            "name": {"en": name.title()},
            "owner": "it",
            "need": {"mtpd_s": 28800, "pdma_s": 900, "mbco": 1},
            "target": {"rto_s": 3600, "rpo_s": 30},
            "uses": systems[-1:],
            "systems": systems,
            "group": name,
            "usable_when": [
                {"kind": "run", "run": "checks/usable.py", "writes": "marked", "secrets": [], "timeout_s": PATIENCE_S},
                {"kind": "tcp", "host": "127.0.0.1", "port": self.door.port, "writes": "none", "timeout_s": PATIENCE_S},
            ],
            "degraded": None,
            "impact": [],
            "predicted": {"rto": {"seconds": 2, "parts": []}, "rpo": {"seconds": 1, "source": "default"}},
        }

    @staticmethod
    def _unit(kind: str, subject: str, *after: str) -> dict[str, Any]:
        return {"id": f"{kind}.{subject}", "kind": kind, "subject": subject, "after": list(after)}

    def write(self) -> Firm:
        """Lay the folder down, as the compiler would."""
        plan = self.plan()
        self._machines(plan)
        collection = self.folder / "collections/ansible_collections/bascule/continuity"
        shutil.copytree(ROOT / "plugins", collection / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(
            ROOT / "src/bascule_runtime",
            self.folder / "lib/bascule_runtime",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        shutil.copytree(ROOT / "playbooks/steps", self.folder / "playbooks/steps")
        shutil.copytree(ROOT / "playbooks/switches", self.folder / "playbooks/switches")
        for driver in (ROOT / "playbooks").glob("dr[-_]*.yml"):
            shutil.copy(driver, self.folder)
            (collection / "playbooks").mkdir(exist_ok=True)
            shutil.copy(driver, collection / "playbooks")
        for part in ("modules", "action"):
            shutil.copy(HERE / "doubles" / part / "double.py", collection / "plugins" / part)
        self._steps()
        (self.folder / "checks").mkdir()
        shutil.copy(HERE / "doubles/usable.py", self.folder / "checks")
        (self.folder / "plan.json").write_text(json.dumps(plan))
        (self.folder / "checks.json").write_text(json.dumps(_checks(plan)))
        shutil.copytree(
            ROOT / "tests/standby", self.folder / "tests/standby", ignore=shutil.ignore_patterns("__pycache__")
        )
        (self.folder / "known_hosts").write_text("# nobody\n")
        self._settings(plan)
        self.seal()
        return self

    def _machines(self, plan: dict[str, Any]) -> None:
        self.root.mkdir(parents=True)
        (self.root / "behave.json").write_text(json.dumps(self.behave))
        for name in plan["machines"]:
            (self.root / name).mkdir()
        observer = self.root / "outside"
        shutil.copytree(ROOT / "src/bascule_runtime", observer / "lib/bascule_runtime")
        (observer / "double/observer/checks").mkdir(parents=True)
        shutil.copy(HERE / "doubles/usable.py", observer / "double/observer/checks")

    def _steps(self) -> None:
        folder = self.folder / "playbooks/systems/double"
        folder.mkdir(parents=True)
        for step in STEPS:
            sides = ("here", "there") if step in ("prepare", "forget") else (AT.get(step, "here"),)
            tasks = [
                {
                    "name": f"Double of {step}",
                    "bascule.continuity.double": {
                        "step": step,
                        "system": "{{ unit.system }}",
                        "machine": f"{{{{ unit.{side} }}}}",
                        "side": f"{{{{ unit.{side}_site }}}}",
                        "serving": "{{ unit.serving }}",
                        "options": "{{ step_options | default({}) }}",
                        "policy": "{{ unit.policy }}",
                    },
                    "delegate_to": f"{{{{ unit.{side} }}}}",
                }
                for side in sides
            ]
            (folder / f"{step}.yml").write_text(yaml.safe_dump(tasks, sort_keys=False))

    def _settings(self, plan: dict[str, Any]) -> None:
        (self.folder / "inventory").mkdir()
        hosts = {name: self._host(name) for name in plan["machines"]}
        sites = {
            f"site_{site}": {"hosts": {n: hosts[n] for n, m in plan["machines"].items() if m["site"] == site}}
            for site in plan["sites"]
        }
        units = in_turn({unit["id"]: unit["after"] for unit in plan["units"]})
        kind_of = {unit["id"]: unit["kind"] for unit in plan["units"]}
        kinds = {
            f"{kind}_units": {"hosts": {name: {} for name in units if kind_of[name] == kind}}
            for kind in ("system", "switch", "activity")
        }
        inventory = {
            "all": {
                "hosts": {"controller": dict(LOCAL)},
                "children": {
                    "machines": {"children": sites},
                    "observers": {"hosts": {"outside": {}}},
                    "units": {"vars": dict(LOCAL), "hosts": {name: {} for name in units}, "children": kinds},
                },
            }
        }
        (self.folder / "inventory/hosts.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
        (self.folder / "ansible.cfg").write_text(
            "[defaults]\ninventory = inventory/hosts.yml\ncollections_path = collections\nroles_path = roles\n"
            "callbacks_enabled = bascule.continuity.journal\nforks = 10\nretry_files_enabled = False\ntimeout = 5\n"
            "any_unparsed_is_failed = True\nlocalhost_warning = False\n[inventory]\nany_unparsed_is_failed = True\n"
            "[ssh_connection]\npipelining = True\n"
        )

    def _host(self, name: str) -> dict[str, Any]:
        state = {"bascule_state": str(self.root / name), "bascule_home": str(self.root / name / "lib")}
        if name in self.deaf:
            return {
                **state,
                "ansible_connection": "ssh",
                "ansible_host": "127.0.0.1",
                "ansible_port": closed_port(),
                "ansible_python_interpreter": sys.executable,
            }
        return {**state, **LOCAL}

    def seal(self) -> None:
        """Write the manifest for what lies in the folder now."""
        names = sorted(
            path.relative_to(self.folder)
            for path in self.folder.rglob("*")
            if path.is_file()
            and "runs" not in path.parts
            and "__pycache__" not in path.parts
            and path.name != "MANIFEST.sha256"
        )
        text = "".join(f"{hashlib.sha256((self.folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
        (self.folder / "MANIFEST.sha256").write_text(text)

    def environment(self, **more: str) -> dict[str, str]:
        """What a driver is started with: nothing of the developer's own settings of Ansible."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE", "BASCULE"))}
        return {
            **kept,
            "HOME": str(self.home),
            "DOUBLE_COPIES_KEY": "s3cr3t-of-the-double",
            "NO_COLOR": "1",
            "BASCULE_DECLARE": "a test",
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    def start(self, driver: str, *arguments: str, cwd: Path | None = None, **more: str) -> subprocess.Popen[str]:
        """Start a driver and return its process."""
        program = Path(sys.executable).with_name("ansible-playbook")
        return subprocess.Popen(
            [str(program), driver, *arguments],
            cwd=cwd or self.folder,
            text=True,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, driver: str, *arguments: str, cwd: Path | None = None, **more: str) -> tuple[int, str]:
        """Run a driver to its end, at most ten minutes; returns exit code and output."""
        process = self.start(driver, *arguments, cwd=cwd, **more)
        output, _nothing = process.communicate(timeout=600)
        return process.returncode, output

    def journal(self) -> list[dict[str, Any]]:
        """Events of the newest run."""
        newest = max((self.folder / "runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(line) for line in (newest / "journal.jsonl").read_text().splitlines()]

    def done(self) -> list[dict[str, Any]]:
        """What the doubles were asked to do, in order, by all runs."""
        path = self.root / "done.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
