# SPDX-License-Identifier: Apache-2.0
"""libvirt's definition of a guest: what it says, and how it must read at another host. Text in, text out."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Iterator, Optional

from bascule_runtime.hypervisor import Disk, Holds, TroubleError, Wanted

NETWORK = "network:"
# `ip=ADDRESS:SERVER:GATEWAY:MASK:NAME:DEVICE:AUTO` on the kernel's command line.
IP = re.compile(r"(?<!\S)ip=(\d+\.\d+\.\d+\.\d+):([^:\s]*):([^:\s]*):([^:\s]*)(:\S*)?")
FILES = {"kernel": "os/kernel", "initrd": "os/initrd", "nvram": "os/nvram", "loader": "os/loader"}
# What a running guest has beside what it was defined with.
LIVE = ("alias", "backingStore", "mirror")


def parsed(text: str) -> ET.Element:
    """The root of a definition. Raises TroubleError when it is none."""
    try:
        root = ET.fromstring(text)
    except ET.ParseError as fault:
        raise TroubleError(f"The definition of the guest cannot be read: {fault}") from fault
    if root.tag != "domain" or not root.findtext("name"):
        raise TroubleError("What was kept as the definition of the guest is none of libvirt's")
    return root


def disks(root: ET.Element) -> Iterator[tuple[ET.Element, Disk]]:
    """Disks that can be written to and are files. Raises TroubleError for one that is neither."""
    for element in root.iterfind("devices/disk"):
        target = element.find("target")
        name = "" if target is None else target.get("dev", "")
        if element.get("device", "disk") != "disk" or element.find("readonly") is not None:
            continue
        source, driver = element.find("source"), element.find("driver")
        file = None if source is None else source.get("file")
        if element.get("type") != "file" or not file:
            raise TroubleError(f"The disk {name} of {root.findtext('name')} is no file ({element.get('type')}): only "
                               "disks that are files in a folder of images can be copied")
        yield element, Disk(name, file, "raw" if driver is None else driver.get("type", "raw"))


def _networks(root: ET.Element) -> Iterator[tuple[ET.Element, str]]:
    for interface in root.iterfind("devices/interface"):
        source, kind = interface.find("source"), interface.get("type", "")
        if source is None:
            yield interface, kind
        elif kind == "network":
            yield interface, NETWORK + source.get("network", "")
        else:
            yield interface, source.get(kind, "")


def holds(text: str) -> Holds:
    """What a definition says; see `Holds`. Raises TroubleError when it cannot be read, or a disk cannot be copied."""
    root = parsed(text)
    cpu = root.find("cpu")
    model = None if cpu is None else (cpu.findtext("model") or cpu.get("mode"))
    macs = (mac.get("address", "") for mac in root.iterfind("devices/interface/mac"))
    files = {word: (root.findtext(path) or "").strip() for word, path in FILES.items()}
    return Holds(
        name=str(root.findtext("name")), disks=tuple(disk for _element, disk in disks(root)),
        networks=tuple(dict.fromkeys(name for _element, name in _networks(root))),
        files={word: path for word, path in files.items() if path}, hardware=tuple(filter(None, macs)), cpu=model,
    )  # fmt: skip


def without_files(text: str) -> str:
    """A definition that names no kernel, first root or firmware. Raises TroubleError when it cannot be read."""
    root = parsed(text)
    for path in FILES.values():
        for found in root.findall(path):
            root.find(path.rpartition("/")[0]).remove(found)  # type: ignore[union-attr]
    return ET.tostring(root, encoding="unicode") + "\n"


def adapted(text: str, wanted: Wanted) -> str:
    """The definition for another host; see `Wanted`. Identity (name, UUID) and hardware addresses stay.

    Raises TroubleError when a file or a network has no counterpart.
    """
    root = parsed(text)
    root.set("type", "kvm" if wanted.accel == "kvm" else "qemu")
    root.attrib.pop("id", None)
    _forget_live(root)
    for element, disk in disks(root):
        source, driver = element.find("source"), element.find("driver")
        if source is not None:
            source.attrib.clear()
            source.set("file", _counterpart(wanted.files, disk.file, f"the disk {disk.name}"))
        if driver is not None:
            driver.set("type", "qcow2")
    for path in FILES.values():
        found = root.find(path)
        if found is not None and (found.text or "").strip():
            # Firmware comes with the packages of the host; what is not mapped stays as it is.
            found.text = wanted.files.get(str(found.text).strip(), str(found.text).strip())
    _networked(root, wanted)
    _sized(root, wanted)
    return ET.tostring(root, encoding="unicode") + "\n"


def _forget_live(root: ET.Element) -> None:
    for parent in list(root.iter()):
        for child in [one for one in parent if one.tag in LIVE]:
            parent.remove(child)
    for label in root.findall("seclabel"):
        root.remove(label)
    for target in root.iterfind("devices/interface/target"):
        target.attrib.pop("dev", None)


def _counterpart(mapping: object, name: str, what: str) -> str:
    found: Optional[str] = mapping.get(name) if hasattr(mapping, "get") else None
    if not found:
        raise TroubleError(f"{what[0].upper()}{what[1:]} is {name} at the other host, and this host has nothing in its "
                           "place. Name its counterpart under `hypervisor` of both machines")
    return found


def _networked(root: ET.Element, wanted: Wanted) -> None:
    for interface, name in _networks(root):
        new = _counterpart(wanted.networks, name, "a network of the guest")
        kind, _, plain = new.partition(":") if new.startswith(NETWORK) else ("bridge", "", new)
        interface.set("type", kind)
        source = interface.find("source")
        source = ET.SubElement(interface, "source") if source is None else source
        source.attrib.clear()
        source.set(kind, plain)
    line = root.find("os/cmdline")
    if line is not None and line.text and wanted.address:
        line.text = readdressed(line.text, wanted)


def readdressed(line: str, wanted: Wanted) -> str:
    """A command line of the kernel with the guest's address replaced, and mask and gateway where they are known."""
    old, new = wanted.address or ("", "")

    def changed(match: re.Match[str]) -> str:
        address, server, gateway, mask, rest = match.groups()
        if address != old:
            return match[0]
        mask = netmask(wanted.prefix) if wanted.prefix else mask
        return f"ip={new}:{server}:{wanted.gateway or gateway}:{mask}{rest or ''}"

    return IP.sub(changed, line)


def netmask(prefix: int) -> str:
    """`255.255.255.0` for 24."""
    bits = (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF
    return ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))


def _sized(root: ET.Element, wanted: Wanted) -> None:
    for word in ("memory", "currentMemory"):
        found = root.find(word)
        found = ET.SubElement(root, word) if found is None else found
        found.attrib.clear()
        found.set("unit", "b")
        found.text = str(wanted.memory_bytes)
    if wanted.vcpus:
        found = root.find("vcpu")
        found = ET.SubElement(root, "vcpu") if found is None else found
        found.attrib.clear()
        found.text = str(wanted.vcpus)
        for topology in root.findall("cpu/topology"):
            root.find("cpu").remove(topology)  # type: ignore[union-attr]
    if wanted.cpu:
        for cpu in root.findall("cpu"):
            root.remove(cpu)
        cpu = ET.SubElement(root, "cpu")
        if wanted.cpu in ("host-model", "host-passthrough", "maximum"):
            cpu.set("mode", wanted.cpu)
        else:
            cpu.set("mode", "custom")
            cpu.set("match", "exact")
            ET.SubElement(cpu, "model").text = wanted.cpu
