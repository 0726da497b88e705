# SPDX-License-Identifier: Apache-2.0
"""What the lab gives to hypervisors: libvirt with QEMU, and a bridge on which guests are neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What the image of a policy with hypervisors has beside the others. Recommended packages are left out, so the driver
# and its firmware are named.
PACKAGES = (
    "libvirt-clients",
    "libvirt-daemon-driver-qemu",
    "libvirt-daemon-system",
    "python3-libvirt",
    "qemu-system-x86",
    "qemu-utils",
    "virtnbdbackup",
)
SOCKETS = ("libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket", "virtlogd.socket", "virtlockd.socket")
# Guests of a lab are emulated, whatever this computer can do. A device that is there and may not be used is worse than
# none: libvirt then looks for QEMU's capabilities anew at every call, 15 s each. (tmpfiles.d removes nothing in /dev.)
NO_KVM = {"etc/systemd/system/libvirtd.service.d/lab-no-kvm.conf": "[Service]\nExecStartPre=/bin/rm -f /dev/kvm\n"}
LIBVIRT_OWN = "network:"


def bridges(machine: Mapping[str, Any]) -> tuple[str, ...]:
    """Bridges that a machine (as the policy has it) offers to guests; the first carries the machine's own cable."""
    offered = ((machine.get("hypervisor") or {}).get("networks") or {}).values()
    return tuple(dict.fromkeys(str(name) for name in offered if not str(name).startswith(LIBVIRT_OWN)))


def is_one(machine: Mapping[str, Any]) -> bool:
    """Whether a machine (as the policy has it) runs guests."""
    return bool(machine.get("hypervisor"))


def wires(bridges: tuple[str, ...], address: str, hardware: str) -> list[str]:
    """`ip` commands for the machine's namespace: its bridges, with its cable in the first one and its address there."""
    lines = []
    for number, name in enumerate(bridges):
        own = f" address {hardware}" if number == 0 else ""
        lines.append(f"link add {name}{own} type bridge forward_delay 0")
        lines.append(f"link set {name} up")
    return [*lines, f"link set eth0 master {bridges[0]}", f"addr add {address} brd + dev {bridges[0]}"]
