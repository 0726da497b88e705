# SPDX-License-Identifier: Apache-2.0
"""Processes that a test waits for the end of."""

from __future__ import annotations

import time
from pathlib import Path

PATIENCE_S = 30.0


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def ends(pid: int, patience_s: float = PATIENCE_S) -> bool:
    """Say whether a process ends within *patience_s*: after SIGKILL the kernel still takes a moment.

    One that only waits to be asked for its exit code has ended.
    """
    limit = time.monotonic() + patience_s
    while _runs(pid) and time.monotonic() < limit:
        time.sleep(0.05)
    return not _runs(pid)
