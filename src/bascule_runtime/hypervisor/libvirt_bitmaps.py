# SPDX-License-Identifier: Apache-2.0
"""What QEMU notes of changed blocks, forgotten.

After a crash libvirt lists checkpoints whose notes are gone or broken, and refuses every further one until both go.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Sequence

from bascule_runtime import agent

OURS = re.compile(r"virtnbdbackup\.\d+")
QUICK_S = 60.0


def _names(entries: Any) -> list[str]:
    found = [str(entry.get("name")) for entry in entries or []]
    return [name for name in found if OURS.fullmatch(name)]


def drop_at_rest(files: Sequence[str]) -> None:
    """Remove the notes in images of a guest that is off."""
    for file in files:
        told = agent.run(["qemu-img", "info", "-U", "--output=json", file], QUICK_S)
        try:
            special = json.loads(told.out).get("format-specific") or {}
        except ValueError:
            continue
        for name in _names((special.get("data") or {}).get("bitmaps")):
            agent.run(["qemu-img", "bitmap", "--remove", file, name], QUICK_S)


def drop_live(monitor: Callable[[str], str]) -> None:
    """Remove the notes of a guest that runs; `monitor` takes a command of QEMU's monitor and returns its answer."""
    try:
        nodes = json.loads(monitor(json.dumps({"execute": "query-named-block-nodes"})))["return"]
    except (ValueError, KeyError):
        return
    for node in nodes:
        for name in _names(node.get("dirty-bitmaps")):
            words = {"node": node["node-name"], "name": name}
            monitor(json.dumps({"execute": "block-dirty-bitmap-remove", "arguments": words}))
