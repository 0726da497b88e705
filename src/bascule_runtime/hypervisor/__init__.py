# SPDX-License-Identifier: Apache-2.0
"""Hypervisors behind one small interface. An adapter is one module here and one line in `ADAPTERS`.

Who adds one implements `Hypervisor`. A definition is the adapter's own text: nobody else reads or writes it. Each call
has a limit in seconds and ends within it; what goes wrong is a `TroubleError` with one plain sentence.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Tuple

ADAPTERS = {"libvirt": "bascule_runtime.hypervisor.libvirt:Libvirt"}
RUNNING, OFF, ABSENT, STOPPING = "running", "off", "absent", "stopping"
FULL, INCREMENTAL = "full", "inc"
NO_AGENT = "has no agent"


class TroubleError(Exception):
    """A plain sentence for the user: what is wrong, what to do."""


@dataclass(frozen=True)
class Disk:
    """A disk of a guest: `name` as the guest has it (`vda`), the file and its format (`qcow2`, `raw`)."""

    name: str
    file: str
    form: str


@dataclass(frozen=True)
class Holds:
    """What a definition says: disks, names of its networks (bridges, or `network:NAME`), other files that it needs, by
    what they are (`kernel`, `initrd`, `nvram`, `loader`), hardware addresses, model of processor (None: any)."""

    name: str
    disks: Tuple[Disk, ...]
    networks: Tuple[str, ...]
    files: Mapping[str, str]
    hardware: Tuple[str, ...]
    cpu: Optional[str]


@dataclass(frozen=True)
class Snapshot:
    """A moment that can be read: the guest goes on in `layers` (disk name → file), its disks stay as they were.

    `at`: epoch seconds. `consistent`: `agent` when the guest wrote everything out before, else `crash`; then `why`.
    """

    at: float
    consistent: str
    why: str
    layers: Mapping[str, str]


@dataclass(frozen=True)
class Wanted:
    """How a guest is to be at another host: `files` (old path → new path), `networks` (old name → new name), the old
    and the new `address` with prefix and gateway (None: nothing is changed), memory in bytes, processors (None: as
    defined), model of processor (None: as defined), `accel` (`kvm`, `tcg`)."""

    files: Mapping[str, str]
    networks: Mapping[str, str]
    address: Optional[Tuple[str, str]]
    prefix: Optional[int]
    gateway: Optional[str]
    memory_bytes: int
    vcpus: Optional[int]
    cpu: Optional[str]
    accel: str


class Hypervisor(ABC):
    """What Bascule asks of a hypervisor, on the machine where it runs."""

    @abstractmethod
    def guests(self) -> list[str]:
        """Names of all guests that are defined."""

    @abstractmethod
    def state(self, guest: str) -> str:
        """`running` (paused ones too), `stopping`, `off` or `absent`."""

    @abstractmethod
    def definition(self, guest: str) -> str:
        """The definition as it is started next time."""

    @abstractmethod
    def holds(self, definition: str) -> Holds:
        """What a definition says. Raises TroubleError when it cannot be read."""

    @abstractmethod
    def adapted(self, definition: str, wanted: Wanted) -> str:
        """The definition for another host: same identity and hardware addresses, nothing of the old host's."""

    @abstractmethod
    def define(self, definition: str) -> None:
        """Make the guest known, or change it; never started by the host itself."""

    @abstractmethod
    def forget(self, guest: str) -> None:
        """Make the guest unknown; files stay."""

    @abstractmethod
    def start(self, guest: str, limit_s: float) -> None:
        """Start a guest that is off."""

    @abstractmethod
    def stop(self, guest: str, limit_s: float, force: bool) -> str:
        """Let the guest shut down; with `force` cut it off when it has not after `limit_s`.

        How it ended: `off already`, `shut down`, `cut off`.
        """

    @abstractmethod
    def snapshot(self, guest: str, suffix: str) -> Snapshot:
        """Begin a moment that can be read; quiesced by the guest's agent where that answers."""

    @abstractmethod
    def join(self, guest: str, suffix: str) -> bool:
        """End moments that were begun with `suffix`, also by a process that died. False when there was none."""

    @abstractmethod
    def blocks(self, guest: str, folder: str, level: str, limit_s: float) -> Tuple[str, str]:
        """Write all blocks (`full`) or those that changed since the last call (`inc`) into a folder. Consistency and
        why, as in `Snapshot`. Raises TroubleError when `inc` cannot go on from the last one."""

    @abstractmethod
    def forget_blocks(self, guest: str) -> None:
        """Forget what was noted of changed blocks, however broken: the next call must be `full`."""

    @abstractmethod
    def merge(self, folder: str, target: str, limit_s: float) -> None:
        """Make images out of a folder that `blocks` filled: `target/NAME.qcow2` for each disk."""

    @abstractmethod
    def agent(self, guest: str) -> str:
        """Empty when the guest's agent answers, else why not, as a sentence without its point; it holds `NO_AGENT` when
        the guest was never given one.
        """

    @abstractmethod
    def offers(self) -> Mapping[str, Any]:
        """`{"networks": names as in Holds, "cpus": models that guests can be shown, "memory_bytes", "version"}`."""


def adapter(name: str, **made_with: Any) -> Hypervisor:
    """The adapter of that name. Raises TroubleError when this version has none."""
    if name not in ADAPTERS:
        raise TroubleError(f"There is no adapter for the hypervisor {name}. There is: {', '.join(ADAPTERS)}.")
    module, _, kind = ADAPTERS[name].partition(":")
    made: Hypervisor = getattr(importlib.import_module(module), kind)(**made_with)
    return made
