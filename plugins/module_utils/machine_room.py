# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room on the disks of a machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def free(place: str) -> int:
    """Bytes that are free where `place` is, or will be: its nearest folder that is there counts."""
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    return shutil.disk_usage(place).free


def used(folder: str) -> int:
    """Bytes of the files below `folder`; what vanishes meanwhile does not count."""
    total = 0
    for path in Path(folder).rglob("*"):
        try:
            total += path.lstat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def amount(size: float) -> str:
    """Bytes for a reader: `0.4 MB`, `12 MB`, `3.1 GB`."""
    for unit, divisor in (("GB", 1e9), ("MB", 1e6)):
        if size >= divisor:
            return f"{size / divisor:.1f} {unit}"
    return f"{size / 1e6:.1f} MB"
