# SPDX-License-Identifier: Apache-2.0
"""Holds trees still: a read-only bind mount of each path over itself, so that new writers are refused.

`python3 -m bascule_runtime hold --config FILE [--release]`; of FILE it reads `{"hold": {"paths": [...]}}`.
Who has a file open for writing already goes on: the services above must have been stopped before.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Optional, Sequence

from bascule_runtime import agent

MOUNTS = "/proc/self/mountinfo"


def mounts(text: str) -> list[tuple[str, frozenset[str]]]:
    """Mount points and their options (of the mount, not of the file system), in the order of mounting."""
    found = []
    for line in text.splitlines():
        words = line.split(" ")
        place = re.sub(r"\\(\d{3})", lambda match: chr(int(match.group(1), 8)), words[4])
        found.append((place, frozenset(words[5].split(","))))
    return found


def held(path: str, text: Optional[str] = None) -> bool:
    """Whether the mount on top of `path` is read-only."""
    if text is None:
        text = Path(MOUNTS).read_text(encoding="utf-8", errors="surrogateescape")
    on_top = [options for place, options in mounts(text) if place == path]
    return bool(on_top) and "ro" in on_top[-1]


def hold(path: str) -> None:
    """Let nobody write below `path` any more, if it is there. Raises OSError when that cannot be."""
    if held(path) or not os.path.isdir(path):
        return
    for argv in (["mount", "--bind", path, path], ["mount", "-o", "remount,bind,ro", path]):
        ended = agent.run(argv, 30)
        if ended.code != 0:
            raise OSError(f"{path} could not be held read-only: {ended.reason}")


def release(path: str) -> None:
    """Take the read-only mount away again. Raises OSError when it stays."""
    while held(path):
        ended = agent.run(["umount", path], 30)
        if ended.code != 0:
            ended = agent.run(["umount", "--lazy", path], 30)
        if ended.code != 0:
            raise OSError(f"{path} is still read-only: {ended.reason}")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `hold`: exit code 0 when all paths are as asked, else 1."""
    config = agent.configuration("hold", arguments, release={"action": "store_true"})
    act = release if config["options"]["release"] else hold
    try:
        for path in config["hold"]["paths"]:
            act(path)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
