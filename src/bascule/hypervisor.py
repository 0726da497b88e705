# SPDX-License-Identifier: Apache-2.0
"""A machine as a host of virtual machines: what it has for them, and what it calls networks and folders of images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bascule.policy import Machine
from bascule.values import size_bytes

KEY = "hypervisor"


@dataclass(frozen=True)
class Hypervisor:
    """``memory_bytes`` and ``disk_bytes``: what it has for the guests of this policy. ``networks`` and ``pools``: what
    its own bridges and folders are called in the policy. ``cpu``: the processor that guests are shown, None as each is
    defined. ``accel``: `kvm` or `tcg`. ``gateway``: what guests are told that get another address here.
    """

    by: str
    memory_bytes: int
    disk_bytes: int
    networks: Mapping[str, str]
    pools: Mapping[str, str]
    cpu: str | None
    accel: str
    gateway: str | None


def hypervisor(machine: Machine) -> Hypervisor | None:
    """Given a machine, return it as a host of virtual machines; None where it is none."""
    said: Mapping[str, Any] | None = machine.offers.get(KEY)
    if said is None:
        return None
    return Hypervisor(
        by=said.get("by", "libvirt"),
        memory_bytes=size_bytes(said["memory"]),
        disk_bytes=size_bytes(said["disk"]),
        networks=dict(said["networks"]),
        pools=dict(said["pools"]),
        cpu=said.get("cpu"),
        accel=said.get("accel", "kvm"),
        gateway=said.get("gateway"),
    )
