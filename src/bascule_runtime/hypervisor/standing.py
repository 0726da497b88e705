# SPDX-License-Identifier: Apache-2.0
"""A guest that was laid down stands up: a layer of its own over its images, a definition that fits this host."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Mapping, Optional

from bascule_runtime import agent
from bascule_runtime.hypervisor import ABSENT, OFF, Holds, Hypervisor, TroubleError, Wanted, images, laying

Json = dict[str, Any]
RUN, OLD = "run", "bascule-old"


def stand(host: Hypervisor, target: str, about: Json) -> Json:
    """Define the guest whose images lie in `target`, over a fresh layer of each: at once, whatever their size.

    `about`: `{"guest", "mapping": {side of the definition: {"networks", "pools"}}, "level", "addresses": {"old",
    "new"}, "prefix", "gateway", "cpu", "accel"}`. The images below are written to no more until `images.commit`.
    Raises TroubleError.
    """
    laid = laying.laid_at(target)
    if laid is None:
        raise TroubleError(f"Nothing lies in {target}")
    if host.state(about["guest"]) not in (OFF, ABSENT):
        raise TroubleError(f"{about['guest']} runs on this host already. Look at dr-status.yml")
    text = Path(target, laid["definition"]).read_text(encoding="utf-8")
    places = {laid["places"][what]: f"{target}/{name}" for what, name in laid["files"].items()}
    for disk in laid["disks"]:
        top = f"{target}/{RUN}-{disk['name']}.qcow2"
        images.overlay(f"{target}/{disk['image']}", top, disk["form"])
        places[disk["file"]] = top
    _readable(target)
    host.define(host.adapted(text, wanted(places, about["mapping"][laid["side"]], about)))
    return laid


def _readable(target: str) -> None:
    # The hypervisor's own user opens them; libvirt gives it the files themselves, and it must get to them.
    os.chmod(target, 0o711)


def wanted(places: Mapping[str, str], mapping: Json, about: Json) -> Wanted:
    """How the guest is to be here."""
    level, addresses = about["level"], about.get("addresses")
    return Wanted(
        files=dict(places), networks=dict(mapping["networks"]),
        address=(addresses["old"], addresses["new"]) if addresses else None, prefix=about.get("prefix"),
        gateway=about.get("gateway"), memory_bytes=int(level["memory_bytes"]), vcpus=level.get("vcpus"),
        cpu=about.get("cpu"), accel=str(about["accel"]),
    )  # fmt: skip


def problems(host: Hypervisor, holds: Json, about: Json) -> list[str]:
    """What stands in the way of a guest here, as sentences; `holds` is what `described` said at the other host."""
    offers, mapping, found = host.offers(), about["mapping"][holds["side"]], []
    for name in holds["networks"]:
        here = mapping["networks"].get(name)
        if here is None:
            found.append(f"{name} of the other host is not among the networks that the policy names for it.")
        elif here not in offers["networks"]:
            found.append(f"This host has no network {here}, which stands for {name}.")
    for disk in holds["disks"]:
        try:
            folder = images.place_of(disk["file"], mapping["pools"])
        except TroubleError as trouble:
            found.append(f"{trouble}.")
            continue
        if not os.path.isdir(folder):
            found.append(f"This host has no folder {folder} for images.")
    cpu = about.get("cpu") or holds.get("cpu")
    if cpu and offers["cpus"] and cpu not in offers["cpus"]:
        found.append(f"This host cannot show guests the processor {cpu}. Name one that it has under `cpu`.")
    return found + _taken(host, holds, about) + _room(holds, about, offers)


def _taken(host: Hypervisor, holds: Json, about: Json) -> list[str]:
    """Whether somebody else here has the name, a hardware address or the address of the guest."""
    found = []
    for name in host.guests():
        if name == about["guest"]:
            if not about.get("ours"):
                found.append(f"There is a guest {name} on this host that is not ours. Give one of them another name.")
            continue
        try:
            theirs = set(host.holds(host.definition(name)).hardware)
        except TroubleError:
            continue            # a disk that is no file is no trouble of ours
        both = sorted(theirs & set(holds["hardware"]))
        found += [f"The guest {name} on this host has the hardware address {address} too." for address in both]
    asked = (about.get("addresses") or {}).get("new")
    off = host.state(about["guest"]) in (OFF, ABSENT)
    if asked and off and agent.run(["ping", "-c", "1", "-W", "1", asked], 5).code == 0:
        found.append(f"Something answers at {asked} already, and it is not the guest, which does not run here.")
    return found


def _room(holds: Json, about: Json, offers: Mapping[str, Any]) -> list[str]:
    found = []
    needed = int(about["level"]["memory_bytes"])
    if offers["memory_bytes"] and needed > offers["memory_bytes"]:
        found.append(f"The guest needs {needed / 2**30:.1f} GiB of memory, this host has "
                     f"{offers['memory_bytes'] / 2**30:.1f}.")
    size = sum(disk["bytes"] for disk in holds["disks"])
    folders = {one for one in about["mapping"][holds["side"]]["pools"].values() if os.path.isdir(one)}
    for folder in sorted(folders):
        free = shutil.disk_usage(folder).free
        if free < size and not about.get("laid"):
            found.append(f"{folder} has {free / 1e9:.1f} GB free, the images of the guest take {size / 1e9:.1f}.")
    return found


def described(host: Hypervisor, guest: str, side: str) -> Json:
    """What a guest is made of at a side, for the other host: `{"side", "disks": [{"name", "file", "form", "bytes",
    "virtual_bytes"}], "networks", "files", "hardware", "cpu"}`."""
    holds: Holds = host.holds(host.definition(guest))
    disks = []
    for disk in holds.disks:
        layers = images.layers(disk.file)
        disks.append({"name": disk.name, "file": disk.file, "form": disk.form,
                      "bytes": sum(layer["bytes"] for layer in layers), "virtual_bytes": layers[0]["virtual_bytes"]})
    return {"side": side, "disks": disks, "networks": list(holds.networks), "files": dict(holds.files),
            "hardware": list(holds.hardware), "cpu": holds.cpu}


def commit(target: str, limit_s: float) -> Optional[Json]:
    """Write what the guest wrote here down into its images: they are then what it has, and no copy any more.

    The guest must be off. What lies there is returned, its identity None.
    """
    laid = laying.laid_at(target)
    if laid is None:
        return None
    laid = {**laid, "id": None}
    agent.write_state(f"{target}/{laying.LAID}", laid)
    for disk in laid["disks"]:
        images.commit(f"{target}/{RUN}-{disk['name']}.qcow2", limit_s)
    return laid


def settle(host: Hypervisor, target: str, about: Json) -> Json:
    """At home: put the images that were brought in the place of the guest's own, which are kept beside them; or, where
    the guest is not known or its images are of another form, let it stand on those that were brought.

    Returns `{"old": [files that were kept]}`.
    """
    laid, guest = laying.laid_at(target), about["guest"]
    known = {disk.name: disk for disk in host.holds(host.definition(guest)).disks} if host.state(guest) == OFF else {}
    fits = laid is not None and all(
        disk["name"] in known and known[disk["name"]].form == disk["form"] and _beside(known[disk["name"]].file, target)
        for disk in laid["disks"]) and len(known) == len(laid["disks"])  # fmt: skip
    if not fits or laid is None:
        stand(host, target, about)
        return {"old": []}
    old = []
    for disk in laid["disks"]:
        place = known[disk["name"]].file
        if os.path.lexists(place):
            os.rename(place, f"{place}.{OLD}")
            old.append(f"{place}.{OLD}")
        os.rename(f"{target}/{disk['image']}", place)
    shutil.rmtree(target)
    return {"old": old}


def _beside(file: str, target: str) -> bool:
    folder = os.path.dirname(file)
    return os.path.isdir(folder) and os.stat(folder).st_dev == os.stat(target).st_dev and not images.below(file)


def seed(host: Hypervisor, guest: str, target: str, laid: Json) -> int:
    """At home: lay copies of the guest's own images where those of the other side are to come, so that only what
    differs need be sent. Returns how many were laid; an image that is there already stays.
    """
    if host.state(guest) != OFF:
        return 0
    os.makedirs(target, mode=0o711, exist_ok=True)
    own = {disk.name: disk.file for disk in host.holds(host.definition(guest)).disks}
    count = 0
    for disk in laid["disks"]:
        source, place = own.get(disk["name"], ""), f"{target}/{disk['image']}"
        if os.path.isfile(source) and not os.path.lexists(place):
            argv = ["cp", "--reflink=auto", "--sparse=always", "--preserve=mode,timestamps", "--", source, place]
            ended = agent.run(argv, 86400)
            if ended.code != 0:
                raise TroubleError(f"{source} cannot be kept while the other side's image comes: {ended.reason}")
            count += 1
    return count
