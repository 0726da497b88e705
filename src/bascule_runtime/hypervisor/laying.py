# SPDX-License-Identifier: Apache-2.0
"""A copy of a guest becomes images again: read back, compared, put together. What fails here leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Callable, Optional

from bascule_runtime import agent
from bascule_runtime.hypervisor import Hypervisor, TroubleError, chain, images, point

Json = dict[str, Any]
LAID = "laid.json"


class DamagedError(TroubleError):
    """A copy that is there and cannot be made into images; the text says why, without a point."""


# What the host lacks, rather than the copy.
# A restore that was ended from outside (a recovery stops the agent that reads copies back) says nothing about the copy.
NOT_THE_COPY = ("signal interrupt received", "context canceled", "no space left", "no end after", "permission denied",
                "wrong password", "read-only file system")  # fmt: skip


def lay(host: Hypervisor, settings: Json, id_: str, target: str, limit_s: float) -> Json:
    """Make the images of a point in the folder `target`, in the place of what was there; what lies there then.

    `settings`: `{"reading": [restic up to its command], "staging": folder of ours}`. Returns, and leaves as `laid.json`
    there: `{"id", "at", "side", "consistent", "why", "how", "definition", "disks": [{"name", "file", "image", "form"}],
    "files": {what: file}, "places": {what: place at the other host}}`.
    Raises DamagedError, or TroubleError for another reason.
    """
    fresh = f"{target}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        os.makedirs(fresh, mode=0o711)
        _brought(settings, id_, f"{fresh}/copy", limit_s)
        said = _said(f"{fresh}/copy{settings['staging']}")
        laid = {**{key: said[key] for key in ("at", "consistent", "why", "how", "places", "side")}, "id": id_}
        laid["disks"] = MAKERS[said["how"]](host, said, f"{fresh}/copy", fresh, limit_s)
        laid["files"] = _files(said, f"{fresh}/copy{settings['staging']}", fresh)
        shutil.move(f"{fresh}/copy{settings['staging']}/{point.DEFINITION}", f"{fresh}/{point.DEFINITION}")
        laid["definition"] = point.DEFINITION
        shutil.rmtree(f"{fresh}/copy")
        images.forget_labels(fresh)
        agent.write_state(f"{fresh}/{LAID}", laid)
        _put(fresh, target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return laid


def laid_at(target: str) -> Optional[Json]:
    """What lies in a folder, or None."""
    return agent.read_state(f"{target}/{LAID}") or None


def _brought(settings: Json, id_: str, folder: str, limit_s: float) -> None:
    ended = agent.run([*settings["reading"], "restore", id_, "--target", folder], limit_s)
    if ended.code == 0:
        return
    told = f"{ended.err}{ended.out}".lower()
    if ended.code < 0 or any(words in told for words in NOT_THE_COPY):
        room = ". The disk is full" if "no space left" in told else ""
        raise TroubleError(f"The copy {id_} could not be read back: {ended.reason}{room}")
    raise DamagedError(f"it cannot be read back whole ({ended.reason})")


def _said(folder: str) -> Json:
    try:
        data = json.loads(Path(folder, point.POINT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise DamagedError(f"it does not say what it holds ({fault})") from fault
    if not isinstance(data, dict) or data.get("schema") != point.SCHEMA:
        raise DamagedError("it was made by another version and cannot be read")
    return data


def _images(host: Hypervisor, said: Json, copy: str, fresh: str, limit_s: float) -> list[Json]:
    """Each layer gets a name of ours, and leads to the one below it by that."""
    disks = []
    for disk in said["disks"]:
        below: Optional[Json] = None
        for number, layer in reversed(list(enumerate(disk["layers"]))):
            source = f"{copy}{layer['file']}"
            if not os.path.isfile(source):
                raise DamagedError(f"it does not hold {layer['file']}")
            image = f"{fresh}/{disk['name']}{f'.{number}' if number else ''}"
            os.rename(source, image)
            if below is not None:
                images.rebase(image, os.path.basename(below["image"]), below["form"])
            below = {"image": image, "form": layer["form"]}
        disks.append(_whole(disk, below))
    return disks


def _chained(host: Hypervisor, said: Json, copy: str, fresh: str, limit_s: float) -> list[Json]:
    """Compared with its manifest to the last byte before anything is made of it."""
    folder, merged = f"{copy}{said['chain']}", f"{fresh}/merged"
    try:
        chain.required(folder)
    except TroubleError as trouble:
        raise DamagedError(str(trouble)) from trouble
    os.mkdir(merged, 0o700)
    host.merge(folder, merged, limit_s)
    disks = []
    for disk in said["disks"]:
        image = f"{fresh}/{disk['name']}"
        os.rename(_found(merged, disk), image)
        disks.append(_whole(disk, {"image": image, "form": "qcow2"}))
    shutil.rmtree(merged)
    return disks


def _found(merged: str, disk: Json) -> str:
    names = (os.path.basename(disk["file"]), disk["name"], f"{disk['name']}.qcow2")
    found = [f"{merged}/{name}" for name in names if os.path.isfile(f"{merged}/{name}")]
    if not found:
        raise DamagedError(f"its chain made no image of the disk {disk['name']}")
    return found[0]


def _whole(disk: Json, top: Optional[Json]) -> Json:
    if top is None:
        raise DamagedError(f"it holds nothing of the disk {disk['name']}")
    wrong = images.damage(top["image"])
    if wrong:
        raise DamagedError(f"the image of the disk {disk['name']} is damaged ({wrong})")
    return {"name": disk["name"], "file": disk["file"], "image": os.path.basename(top["image"]), "form": top["form"]}


def _files(said: Json, staging: str, fresh: str) -> dict[str, str]:
    found = {}
    for what, name in said["files"].items():
        if os.path.basename(name) != name or not os.path.isfile(f"{staging}/{name}"):
            raise DamagedError(f"it does not hold the {what} of the guest")
        os.rename(f"{staging}/{name}", f"{fresh}/{name}")
        found[str(what)] = str(name)
    return found


def _put(fresh: str, target: str) -> None:
    old = f"{target}.old"
    shutil.rmtree(old, ignore_errors=True)
    if os.path.isdir(target):
        os.rename(target, old)
    os.rename(fresh, target)
    shutil.rmtree(old, ignore_errors=True)


MAKERS: dict[str, Callable[[Hypervisor, Json, str, str, float], list[Json]]] = {
    point.WHOLE: _images, point.BLOCKS: _chained,
}  # fmt: skip
