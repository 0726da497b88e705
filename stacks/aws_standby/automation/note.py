# SPDX-License-Identifier: Apache-2.0
"""What a run writes down before it lets the engine work, so that the next one knows whether that work was cut off."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from automation.ask import Ask

# States of processes of which only the exit code is left.
DEAD = frozenset("ZXx")


def path(ask: Ask) -> Path:
    """Where the note of a stack is."""
    return ask.kept / f"engine-{ask.stack}.json"


def write(ask: Ask) -> None:
    """Say that this process is about to let the engine change the stack."""
    ask.kept.mkdir(mode=0o700, exist_ok=True)
    facts = {
        "run": ask.run,
        "do": ask.do,
        "began": time.time(),
        "host": socket.gethostname(),
        "machine_id": machine_id(),
        "pid": os.getpid(),
        "pid_start": process_start(os.getpid()),
    }
    draft = path(ask).with_name(f".{path(ask).name}.{os.getpid()}")
    draft.write_text(json.dumps(facts), encoding="utf-8")
    draft.replace(path(ask))


def remove(ask: Ask) -> None:
    """Say that it came to an end, whichever."""
    path(ask).unlink(missing_ok=True)


def left(ask: Ask) -> dict[str, Any] | None:
    """The note that another process left on this computer, None when there is none."""
    try:
        facts: dict[str, Any] = json.loads(path(ask).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    # A folder that was carried to another computer may hold the note of the first.
    return facts if facts.get("machine_id") == machine_id() else None


def works(facts: dict[str, Any]) -> bool:
    """Whether the process of a note is still there."""
    return process_start(int(facts["pid"])) == facts.get("pid_start")


def machine_id() -> str:
    """This computer, as systemd names it; empty where it has no such name."""
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def process_start(pid: int) -> str:
    """When process `pid` began, in ticks as text; empty when there is no such process, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return "" if fields[0] in DEAD else fields[19]
    except (OSError, IndexError):
        return ""


def is_engine(pid: int) -> bool:
    """Whether process `pid` is there, not only its remains, and may be Pulumi's."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").partition("(")[2].rpartition(")")
    except OSError:
        return False
    return name.startswith("pulumi") and rest.split()[0] not in DEAD
