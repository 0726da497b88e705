# SPDX-License-Identifier: Apache-2.0
"""The folder of a run: `run.json`, the states of units that gates read, and what was seen on machines."""

from __future__ import annotations

import json
import os
import re
import secrets as randomness
import time
from pathlib import Path
from typing import Any, Optional, Union

Folder = Union[str, Path]
MAIN = "serve"
ENDED = ("failed", "unreachable", "blocked")
_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[a-z]+-[0-9a-f]{4}")


def new_id(driver: str, now: Optional[float] = None) -> str:
    """An identity such as `20261123T181500Z-activate-1f0c`; `now` is seconds since the epoch."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    return f"{stamp}-{driver}-{randomness.token_hex(2)}"


def create(parent: Folder, driver: str, now: Optional[float] = None) -> Path:
    """Make the folder of a new run below `parent`, readable by its owner alone, and return it."""
    while True:
        folder = Path(parent) / new_id(driver, now)
        try:
            folder.mkdir(parents=True, mode=0o700)
        except FileExistsError:
            continue
        return folder


def latest(parent: Folder, driver: str = "") -> Optional[Path]:
    """The newest run below `parent`, of `driver` if one is named; None when there is none."""
    found = [path for path in Path(parent).glob(f"*-{driver or '*'}-*") if _RUN_ID.fullmatch(path.name)]
    return max(found, key=lambda path: path.name, default=None)


def write_text(path: Path, text: str, synced: bool = True) -> None:
    """Write the whole file or nothing, on disk when this returns if `synced`: others read it while the run goes on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(text)
        stream.flush()
        if synced:
            os.fsync(stream.fileno())
    partial.replace(path)


def write_json(path: Path, data: Any) -> None:
    """`write_text` of a JSON document."""
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def read_json(path: Folder) -> Any:
    """The JSON document at `path`, or None when there is no such file."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def stage_of(unit: str, stage: str) -> str:
    """The stage in which `unit` is at `stage` of a run: switches and activities are there for the main one only."""
    return stage if unit.startswith("system.") else MAIN


def _state_file(folder: Folder, unit: str, stage: str) -> Path:
    return Path(folder) / ("units" if stage == MAIN else f"units.{stage}") / unit


def write_state(folder: Folder, unit: str, word: str, stage: str = MAIN) -> None:
    """Say that `unit` ended `stage` with `word`, to the other processes of the run; a later run never reads it."""
    write_text(_state_file(folder, unit, stage), word, synced=False)


def read_state(folder: Folder, unit: str, stage: str = MAIN) -> Optional[str]:
    """How `unit` ended `stage`, or None while it has not. A unit that failed in any stage counts as failed in all."""
    for where in dict.fromkeys((MAIN, stage)):
        word = said(folder, unit, where)
        if word and (where == stage or word in ENDED):
            return word
    return None


def said(folder: Folder, unit: str, stage: str) -> Optional[str]:
    """What was said of `unit` in this stage alone, whatever became of it in others."""
    try:
        return _state_file(folder, unit, stage).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def forget_state(folder: Folder, unit: str, stage: str) -> None:
    """Take back what was said of `unit` in `stage`."""
    _state_file(folder, unit, stage).unlink(missing_ok=True)


def seen_machines(folder: Folder) -> dict[str, Any]:
    """What was seen on each machine, by machine id."""
    return {path.stem: read_json(path) for path in sorted((Path(folder) / "machines").glob("*.json"))}
