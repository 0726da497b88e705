# SPDX-License-Identifier: Apache-2.0
"""libvirt with QEMU, through `virsh`; changed blocks through `virtnbdbackup`."""

from __future__ import annotations

import os
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Mapping, Tuple

from bascule_runtime import agent
from bascule_runtime.hypervisor import (
    ABSENT,
    NO_AGENT,
    OFF,
    RUNNING,
    STOPPING,
    Holds,
    Hypervisor,
    Snapshot,
    TroubleError,
    Wanted,
    domain,
    libvirt_bitmaps,
)

QUICK_S, SLOW_S, COMMIT_S = 30.0, 120.0, 14400.0
AGENT_S = 10
STATES = {"running": RUNNING, "paused": RUNNING, "idle": RUNNING, "pmsuspended": RUNNING, "in shutdown": STOPPING,
          "shut off": OFF, "crashed": OFF}  # fmt: skip
NO_GUEST = ("failed to get domain", "domain not found")


def virsh(*words: str, limit_s: float = QUICK_S) -> agent.Ended:
    """One call of virsh, on the system's own libvirt."""
    return agent.run(["virsh", "-q", "-c", "qemu:///system", *words], limit_s)


def must(sentence: str, *words: str, limit_s: float = QUICK_S) -> str:
    """`virsh` that has to go well: what it wrote. Raises TroubleError with the sentence and libvirt's own reason."""
    ended = virsh(*words, limit_s=limit_s)
    if ended.code != 0:
        raise TroubleError(f"{sentence}: {told(ended)}")
    return ended.out


def told(ended: agent.Ended) -> str:
    """Why a command of libvirt's failed: the line that says most, without the word `error:`."""
    lines = [line.strip() for line in f"{ended.out}\n{ended.err}".splitlines() if line.strip()]
    wordy = [line for line in lines if "error:" in line or " ERROR " in line] or lines or [f"exit code {ended.code}"]
    return wordy[-1].replace("error:", "").strip()[:400]


class Libvirt(Hypervisor):
    """See `Hypervisor`."""

    def guests(self) -> list[str]:
        """See `Hypervisor`."""
        return must("The guests cannot be listed", "list", "--all", "--name", limit_s=SLOW_S).split()

    def state(self, guest: str) -> str:
        """See `Hypervisor`."""
        ended = virsh("domstate", guest, limit_s=SLOW_S)
        if ended.code != 0:
            if any(words in ended.err.lower() for words in NO_GUEST):
                return ABSENT
            raise TroubleError(f"libvirt does not say whether {guest} runs: {told(ended)}")
        return STATES.get(ended.out.strip(), RUNNING)

    def definition(self, guest: str) -> str:
        """See `Hypervisor`."""
        return must(f"{guest} has no definition", "dumpxml", guest, "--inactive", "--security-info")

    def holds(self, definition: str) -> Holds:
        """See `Hypervisor`."""
        return domain.holds(definition)

    def adapted(self, definition: str, wanted: Wanted) -> str:
        """See `Hypervisor`."""
        return domain.adapted(definition, wanted)

    def define(self, definition: str) -> None:
        """See `Hypervisor`."""
        name = domain.holds(definition).name
        # The definition may hold the password of a screen: nobody else reads it.
        with tempfile.NamedTemporaryFile("w", suffix=".xml", encoding="utf-8") as file:
            file.write(definition)
            file.flush()
            must(f"libvirt does not accept {name}", "define", file.name, limit_s=SLOW_S)
        must(f"{name} cannot be kept from starting by itself", "autostart", "--disable", name)

    def forget(self, guest: str) -> None:
        """See `Hypervisor`."""
        if self.state(guest) != ABSENT:
            words = ("--nvram", "--managed-save", "--snapshots-metadata", "--checkpoints-metadata")
            must(f"{guest} cannot be forgotten", "undefine", guest, *words)

    def start(self, guest: str, limit_s: float) -> None:
        """See `Hypervisor`."""
        must(f"{guest} does not start", "start", guest, limit_s=limit_s)

    def stop(self, guest: str, limit_s: float, force: bool) -> str:
        """See `Hypervisor`. A guest without the daemons for it hears no button: the wait always ends."""
        if self.state(guest) in (OFF, ABSENT):
            return "off already"
        asked = virsh("shutdown", guest, "--mode", "agent", limit_s=AGENT_S) if not self.agent(guest) else None
        if asked is None or asked.code != 0:
            virsh("shutdown", guest, "--mode", "acpi")
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if self.state(guest) == OFF:
                return "shut down"
            time.sleep(0.5)
        if not force:
            raise TroubleError(f"{guest} does not shut down within {limit_s:g} s, and it goes on. "
                               "Shut it down from inside")
        must(f"{guest} cannot be cut off", "destroy", guest)
        return "cut off"

    def agent(self, guest: str) -> str:
        """See `Hypervisor`."""
        asked = virsh("qemu-agent-command", guest, '{"execute":"guest-ping"}', "--timeout", str(AGENT_S))
        if asked.code == 0:
            return ""
        why = told(asked)
        return f"{guest} {NO_AGENT}" if "is not configured" in why else f"the agent in {guest} does not answer ({why})"

    def snapshot(self, guest: str, suffix: str) -> Snapshot:
        """See `Hypervisor`."""
        disks = domain.holds(must(f"{guest} has no definition", "dumpxml", guest)).disks
        layers = {disk.name: f"{disk.file}.{suffix}" for disk in disks}
        specs = [f"{name},snapshot=external,file={file}" for name, file in layers.items()]
        specs += [f"{name},snapshot=no" for name in self._others(guest, set(layers))]
        words = ["snapshot-create-as", guest, suffix, "--disk-only", "--atomic", "--no-metadata"]
        words += [word for spec in specs for word in ("--diskspec", spec)]
        why = self.agent(guest)
        at = time.time()
        if not why:
            ended = virsh(*words, "--quiesce", limit_s=SLOW_S)
            if ended.code == 0:
                return Snapshot(at, "agent", "", layers)
            why = f"{guest} could not be held still ({told(ended)})"
            at = time.time()
        must(f"No snapshot of {guest} can be made", *words, limit_s=SLOW_S)
        return Snapshot(at, "crash", why, layers)

    def _others(self, guest: str, ours: set[str]) -> list[str]:
        """Disks that are not copied: CD-ROMs, and those that cannot be written to."""
        root = domain.parsed(must(f"{guest} has no definition", "dumpxml", guest))
        names = [target.get("dev", "") for target in root.iterfind("devices/disk/target")]
        return [name for name in names if name and name not in ours]

    def join(self, guest: str, suffix: str) -> bool:
        """See `Hypervisor`. What the guest wrote meanwhile goes down into its disks; then the layer is removed."""
        live = domain.holds(must(f"{guest} has no definition", "dumpxml", guest)).disks
        left = [disk for disk in live if disk.file.endswith(f".{suffix}")]
        for disk in left:
            # A commit that was under way when its process died is ended before a new one begins.
            virsh("blockjob", guest, disk.name, "--abort")
            words = ("blockcommit", guest, disk.name, "--active", "--pivot", "--wait")
            must(f"The snapshot of {disk.name} of {guest} cannot be ended", *words, limit_s=COMMIT_S)
            Path(disk.file).unlink(missing_ok=True)
        return bool(left)

    def blocks(self, guest: str, folder: str, level: str, limit_s: float) -> Tuple[str, str]:
        """See `Hypervisor`."""
        why = self.agent(guest)
        argv = ["virtnbdbackup", "-n", "-U", "qemu:///system", "-d", guest, "-l", level, "-o", folder]
        ended = agent.run(argv, limit_s)
        if ended.code != 0:
            raise TroubleError(f"The changed blocks of {guest} cannot be read: {told(ended)}")
        # The tool saves kernel and firmware with every call; our own copy of them is made once.
        for path in domain.holds(self.definition(guest)).files.values():
            for copy in Path(folder).glob(f"{os.path.basename(path)}*"):
                copy.unlink()
        return ("crash", why) if why else ("agent", "")

    def forget_blocks(self, guest: str) -> None:
        """See `Hypervisor`."""
        listed = virsh("checkpoint-list", guest, "--name").out.split()
        for name in reversed([one for one in listed if libvirt_bitmaps.OURS.fullmatch(one)]):
            must(f"{name} of {guest} cannot be forgotten", "checkpoint-delete", guest, name, "--metadata")
        state = self.state(guest)
        if state == OFF:
            libvirt_bitmaps.drop_at_rest([disk.file for disk in domain.holds(self.definition(guest)).disks])
        elif state == RUNNING:
            libvirt_bitmaps.drop_live(lambda command: virsh("qemu-monitor-command", guest, command).out)

    def merge(self, folder: str, target: str, limit_s: float) -> None:
        """See `Hypervisor`. The tool orders links by their times, so these must be as they were written.

        It would also lay the kernel where the definition has it, which is not ours: these files go with each copy.
        """
        for path in Path(folder).glob("vmconfig*.xml"):
            times = path.stat()
            path.write_text(domain.without_files(path.read_text(encoding="utf-8")), encoding="utf-8")
            os.utime(str(path), ns=(times.st_atime_ns, times.st_mtime_ns))
        ended = agent.run(["virtnbdrestore", "-n", "-i", folder, "-o", target], limit_s)
        if ended.code != 0:
            raise TroubleError(f"No image can be made of the chain of changed blocks: {told(ended)}")

    def offers(self) -> Mapping[str, Any]:
        """See `Hypervisor`."""
        networks = must("libvirt does not list its networks", "net-list", "--name", limit_s=SLOW_S).split()
        bridges = sorted(path.parent.name for path in Path("/sys/class/net").glob("*/bridge"))
        said = must("libvirt does not answer", "nodeinfo").splitlines()
        info = dict(line.split(":", 1) for line in said if ":" in line)
        version = virsh("version", "--daemon").out.strip().splitlines()
        return {
            "networks": [*bridges, *(domain.NETWORK + name for name in networks)],
            "cpus": _models(virsh("domcapabilities", limit_s=SLOW_S).out),
            "memory_bytes": int(info.get("Memory size", "0").split()[0]) * 1024,
            "version": version[-1].strip() if version else "",
        }


def _models(text: str) -> list[str]:
    """Models of processor that guests can be shown, of what `virsh domcapabilities` says."""
    try:
        root = ET.fromstring(text)
    except ET.ParseError:
        return []
    modes = [str(mode.get("name")) for mode in root.iterfind("cpu/mode") if mode.get("supported") == "yes"]
    return modes + [str(model.text) for model in root.iterfind("cpu/mode/model") if model.get("usable") == "yes"]
