# SPDX-License-Identifier: Apache-2.0
"""Images of disks, by `qemu-img`: what a file is made of, a new layer over one, whether its structure is whole."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from bascule_runtime import agent
from bascule_runtime.hypervisor import TroubleError

QUICK_S, LONG_S = 60.0, 86400.0
# What libvirt notes at a file that a guest uses: who owned it before, and how many guests use it now.
LABELS = ("trusted.libvirt.security.", "user.libvirt.security.")


def _asked(argv: list[str], what: str, limit_s: float = QUICK_S) -> str:
    ended = agent.run(["qemu-img", *argv], limit_s)
    if ended.code != 0:
        raise TroubleError(f"{what}: {ended.reason}")
    return ended.out


def layers(file: str) -> list[dict[str, Any]]:
    """An image and what it lies on, the top first: `{"file", "form", "virtual_bytes", "bytes"}`.

    `-U`: a running guest holds its lock, and nothing is changed. Raises TroubleError when one cannot be read.
    """
    text = _asked(["info", "-U", "--backing-chain", "--output=json", file], f"The image {file} cannot be read")
    found = json.loads(text)
    return [{"file": entry["filename"], "form": entry["format"], "virtual_bytes": int(entry["virtual-size"]),
             "bytes": int(entry.get("actual-size") or 0)} for entry in found]


def overlay(base: str, target: str, form: str = "qcow2") -> None:
    """An empty layer at `target` over `base`, which nobody may write to any more: 0.03 s, whatever its size."""
    if os.path.lexists(target):
        os.unlink(target)
    _asked(["create", "-q", "-f", "qcow2", "-b", base, "-F", form, target], f"No layer can be laid over {base}")


def commit(target: str, limit_s: float = LONG_S) -> None:
    """Write a layer down into what it lies on; it is empty then, and still good."""
    _asked(["commit", "-q", target], f"{target} cannot be written down into the image below it", limit_s)


def damage(file: str, limit_s: float = LONG_S) -> str:
    """Empty when the structure of an image is whole, else what is wrong. Content has hashes of its own."""
    ended = agent.run(["qemu-img", "check", "-q", file], limit_s)
    if ended.code < 0 or ended.code == 124:  # ended from outside, or at its limit
        raise TroubleError(f"The image {file} could not be looked through to its end: {ended.reason}")
    # 3: clusters that nobody uses, which a guest that was cut off leaves; 63: a format without a structure.
    return "" if ended.code in (0, 3, 63) else ended.reason


def content(file: str) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def place_of(file: str, pools: dict[str, str]) -> str:
    """The folder of another host that stands for that of an image. Raises TroubleError when there is none."""
    inside = [folder for folder in pools if file.startswith(folder.rstrip("/") + "/")]
    if not inside:
        raise TroubleError(f"{file} lies in no folder of images that the policy names (`pools` of the host: "
                           f"{', '.join(pools) or 'none'}). Move it there, or name its folder at both hosts")
    return pools[max(inside, key=len)]


def rebase(file: str, below: str, form: str) -> None:
    """Let an image lead to the file `below`, beside it, without reading either."""
    _asked(["rebase", "-u", "-b", below, "-F", form, file], f"The layer {file} cannot be led to {below}")


def below(file: str) -> list[str]:
    """Files that an image lies on."""
    return [layer["file"] for layer in layers(file)[1:]] if os.path.isfile(file) else []


def forget_labels(folder: str) -> None:
    """Take libvirt's notes of another host off all files below a folder.

    They come along with a copy that was made while the guest ran; this host would take the file for one that somebody
    else uses, and not start the guest.
    """
    for place, _folders, names in os.walk(folder):
        for path in (os.path.join(place, name) for name in names):
            for note in os.listxattr(path, follow_symlinks=False):
                if note.startswith(LABELS):
                    os.removexattr(path, note, follow_symlinks=False)
