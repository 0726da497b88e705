# SPDX-License-Identifier: Apache-2.0
"""The invented firm with a standby in a cloud: db2 and files2 receive copies, app2 is built for an activation only."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from firm import HERE, LOCAL, ROOT, Firm, closed_port

BOTH, LATE = ["protect", "activate"], ["activate"]


class Coming:
    """A machine that is there while a file says so: something answers like an SSH server at its port."""

    def __init__(self, flag: Path) -> None:
        self.flag, self.port, self.over = flag, closed_port(), False
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self.over:
            if not self.flag.exists():
                time.sleep(0.02)
                continue
            with socket.create_server(("127.0.0.1", self.port)) as listening:
                listening.settimeout(0.05)
                self._answer(listening)

    def _answer(self, listening: socket.socket) -> None:
        while self.flag.exists() and not self.over:
            try:
                connection, _address = listening.accept()
            except TimeoutError:
                continue
            connection.sendall(b"SSH-2.0-double\r\n")
            connection.close()


@dataclass
class CloudFirm(Firm):
    """`built`: machines at the standby that are there and prepared; `cloud`: what the double of the bridge does."""

    built: tuple[str, ...] = ("db2", "files2")
    cloud: dict[str, Any] = field(default_factory=dict)
    runs_in: dict[str, list[str]] = field(default_factory=lambda: {"db2": BOTH, "app2": LATE, "files2": BOTH})
    coming: dict[str, Coming] = field(default_factory=dict)

    def plan(self) -> dict[str, Any]:
        plan = super().plan()
        for name in self.runs_in:
            if name not in self.coming:
                self.coming[name] = Coming(self.root / name / "there")
            plan["machines"][name]["port"] = self.coming[name].port
        image = {"id": None, "owner": "136693071363", "name": "debian-12-amd64-*"}
        machines = {name: {"instance_type": "t3.small", "image": image, "address": "127.0.0.1", "runs_in": phases,
                           "data": phases == BOTH, "user": "dr"} for name, phases in self.runs_in.items()}
        state = {"url": f"file://{self.home}/state", "passphrase": {"secret": "stack-passphrase"}}
        plan["sites"]["standby"] = {"provider": "aws", "network": "127.0.0.0/8", "cloud": {
            "region": "eu-west-3", "machines": machines, "state": state, "link": None, "zone": None}}
        for system in plan["systems"].values():
            system["third"] = None
        for name in self.runs_in:
            plan["machines"][name]["key"] = {"secret": "ssh-key"}
        plan["secrets"]["ssh-key"] = {"file": str(self.home / "ssh-key")}
        plan["secrets"]["stack-passphrase"] = {"env": "DOUBLE_PASSPHRASE"}
        return plan

    def write(self) -> CloudFirm:
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.home / "ssh-key")]
        subprocess.run(argv, check=True, timeout=30)
        super().write()
        (self.folder / "stack").mkdir()
        shutil.copy(HERE / "doubles/bridge.py", self.folder / "stack")
        shutil.copytree(ROOT / "playbooks/sites", self.folder / "playbooks/sites")
        (self.folder / "inventory/standby.yml").write_text("plugin: bascule.continuity.standby\n")
        (self.root / "cloud.json").write_text(json.dumps(self.cloud))
        for name in self.built:
            (self.root / name / "there").touch()
            (self.root / name / "etc/double").mkdir(parents=True)
        self.seal()
        return self

    def _steps(self) -> None:
        super()._steps()
        folder = self.folder / "playbooks/systems/double"
        recover = (folder / "recover.yml").read_text()
        alone = recover.replace("step: recover", "step: alone").replace("Double of recover", "Double of alone")
        (folder / "alone.yml").write_text(alone.replace("{{ unit.here_site }}", "standby").replace(
            "unit.here ", "unit.system.machines.standby "))

    def _settings(self, plan: dict[str, Any]) -> None:
        super()._settings(plan)
        hosts = self.folder / "inventory/hosts.yml"
        inventory = yaml.safe_load(hosts.read_text())
        inventory["all"]["children"]["cloud_sites"] = {"hosts": {"site.standby": dict(LOCAL)}}
        hosts.write_text(yaml.safe_dump(inventory, sort_keys=False))
        settings = self.folder / "ansible.cfg"
        text = settings.read_text().replace("inventory/hosts.yml", "inventory/hosts.yml,inventory/standby.yml")
        settings.write_text(text.replace("[inventory]\n", "[inventory]\nenable_plugins = ansible.builtin.yaml, "
                                                          "bascule.continuity.standby\n"))

    def _host(self, name: str) -> dict[str, Any]:
        return {**super()._host(name), "bascule_etc": str(self.root / name / "etc")}

    def environment(self, **more: str) -> dict[str, str]:
        return super().environment(**{"DOUBLE_PASSPHRASE": "s3cr3t-of-the-state", **more})

    def behave_in_cloud(self, **cloud: Any) -> None:
        """Let the double of the bridge do something else from now on."""
        (self.root / "cloud.json").write_text(json.dumps(cloud))

    def asked(self) -> list[dict[str, Any]]:
        """What the bridge was asked, in order, by all runs."""
        path = self.root / "asked.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def report(self) -> dict[str, Any]:
        """The report of the newest run."""
        newest = max((self.folder / "runs").glob("*/report.json"), key=lambda path: path.stat().st_mtime_ns)
        return dict(json.loads(newest.read_text()))
