# SPDX-License-Identifier: Apache-2.0
"""A host of virtual machines that is none: programs of the same names, and a guest with one disk."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from doubles import host

from bascule_runtime import agent

REAL = agent.run
XML = """<domain type='kvm' id='3'>
  <name>{name}</name>
  <uuid>6b8c2b5e-4a3c-4f59-9c9e-0d6f4a4f0001</uuid>
  <memory unit='KiB'>524288</memory>
  <currentMemory unit='KiB'>524288</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64'>hvm</type>
    <kernel>{folder}/vmlinuz</kernel>
    <cmdline>root=/dev/vda ip=10.0.1.21::10.0.1.1:255.255.255.0:erp:eth0:off quiet</cmdline>
  </os>
  <cpu mode='host-passthrough'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='{folder}/{name}.qcow2' index='1'/>
      <backingStore/>
      <target dev='vda' bus='virtio'/>
      <alias name='virtio-disk0'/>
    </disk>
    <disk type='file' device='cdrom'>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:{mac}'/>
      <source bridge='br0'/>
      <target dev='vnet0'/>
      <alias name='net0'/>
    </interface>
  </devices>
</domain>
"""


class Host:
    """A double of a host below a folder."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.images = root, root / "images"
        self.images.mkdir(parents=True)
        monkeypatch.setattr(agent, "run", self.run)
        self.write({"guests": {}, "networks": ["default"], "memory_kib": 8 << 20})

    def run(self, argv: Sequence[str], limit_s: float) -> agent.Ended:
        """In place of `agent.run`: one of our programs, here and at once, or a real one."""
        if argv[0] not in host.PROGRAMS:
            return REAL(argv, limit_s)
        host.ROOT, out, err, code = self.root, io.StringIO(), io.StringIO(), 0
        with redirect_stdout(out), redirect_stderr(err):
            try:
                host.PROGRAMS[argv[0]](list(argv[1:]))
            except SystemExit as end:
                code = int(end.code or 0)
        return agent.Ended(code, out.getvalue(), err.getvalue())

    def read(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.root / "state.json").read_text())
        return data

    def write(self, state: dict[str, Any]) -> None:
        (self.root / "state.json").write_text(json.dumps(state))

    def change(self, **facts: Any) -> None:
        self.write({**self.read(), **facts})

    def guest(self, name: str = "erp", state: str = "running", data: str = "one.", mac: str = "01") -> None:
        """Make a guest, or change one."""
        (self.images / "vmlinuz").write_text("kernel")
        (self.images / f"{name}.qcow2").write_text(json.dumps({"data": data}))
        xml = XML.format(name=name, folder=self.images, mac=mac)
        self.change(guests={**self.read()["guests"], name: {"state": state, "xml": xml}})

    def tell(self, name: str, **facts: Any) -> None:
        """Change what is true of a guest."""
        guests = self.read()["guests"]
        self.change(guests={**guests, name: {**guests[name], **facts}})

    def writes(self, text: str, name: str = "erp") -> None:
        """The guest writes."""
        place = self.images / f"{name}.qcow2"
        entry = json.loads(place.read_text())
        place.write_text(json.dumps({**entry, "data": entry["data"] + text}))

    def point(self, how: str = "image", **more: Any) -> dict[str, Any]:
        """Settings of the agent that copies."""
        return {"by": "libvirt", "guest": "erp", "side": "primary", "how": how, "restic": ["restic"],
                "tags": ["serving=primary"], "staging": str(self.root / "staging"), "full_every_s": 86400,
                "chains": str(self.root / "chains"),
                "state": str(self.root / "copy.json"), "lock": str(self.root / "lock"), **more}  # fmt: skip

    def about(self, **more: Any) -> dict[str, Any]:
        """Settings of the program that steps ask."""
        return {"by": "libvirt", "guest": "erp", "side": "primary", "whose": "p erp", "reading": ["restic"],
                "staging": str(self.root / "staging"), "chains": str(self.root / "chains"),
                "target": str(self.images / ".bascule-p-erp.guest"), **more}  # fmt: skip
