# SPDX-License-Identifier: Apache-2.0
"""The end of a process with all that it started: plugins of the engine have process groups of their own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from automation.note import DEAD


def members(session: int) -> list[int]:
    """Processes that belong to a session, as the kernel counts."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] not in DEAD:
                found.append(int(path.parent.name))
        except (OSError, IndexError, ValueError):
            continue
    return found


def end(session: int) -> None:
    """End all processes of a session at once, the one that leads it last: it may be who calls."""
    for pid in sorted(members(session), key=lambda pid: pid == session):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
