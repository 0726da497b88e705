# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting a restored tree in the place of the one that is there: by rename, so that what was deleted is gone too."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from pathlib import Path

from ansible_collections.bascule.continuity.plugins.module_utils import machine_run

KEPT = "lost+found"     # of the file system, not of the firm


def mount_points(text: str | None = None) -> list[str]:
    """Where something is mounted, from `/proc/self/mountinfo`."""
    if text is None:
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    places = [line.split(" ")[4] for line in text.splitlines()]
    return [re.sub(r"\\(\d{3})", lambda match: chr(int(match.group(1), 8)), place) for place in places]


def mounted_below(path: str, mounts: list[str]) -> list[str]:
    """Other file systems inside a tree."""
    return sorted({place for place in mounts if place.startswith(f"{path.rstrip('/')}/")})


def base_of(path: str, mounts: list[str]) -> str:
    """The folder that a tree is restored in before it is swapped in: beside the tree, or inside when it is a mount."""
    return path if path in mounts else os.path.dirname(path)


def file_system_of(folder: str, mounts: list[str]) -> str:
    """The mount that `folder` lies in: a rename is only possible within one."""
    inside = [place for place in mounts if folder == place or folder.startswith(f"{place.rstrip('/')}/")]
    return max(inside, key=len, default="/")


def bases(paths: list[str], mounts: list[str]) -> dict[str, list[str]]:
    """The folders to restore in, and the paths that each restore brings: one a file system."""
    found: dict[str, tuple[str, list[str]]] = {}
    for path in paths:
        base = base_of(path, mounts)
        found.setdefault(file_system_of(base, mounts), (base, []))[1].append(path)
    return dict(found.values())


def swap(fresh: str, path: str, old: str, mounts: list[str]) -> None:
    """Put `fresh` in the place of `path` and what was there into `old`, all in one file system.

    A mount cannot be renamed: there the content is moved, entry by entry, and the folder stays but gets the restored
    owner, mode and attributes. Until this begins, `path` is whole; repeating it after a crash completes it.
    """
    if path not in mounts:
        there = os.path.lexists(path)
        if there:
            _move(path, old)
        try:
            os.rename(fresh, path)
        except OSError:
            if there and os.path.lexists(old):
                os.rename(old, path)
            raise
        return
    os.makedirs(old, mode=0o700, exist_ok=True)
    for name in os.listdir(path):
        if name != KEPT and not name.startswith(".bascule-"):
            _move(os.path.join(path, name), os.path.join(old, name))
    for name in os.listdir(fresh):
        if name != KEPT:
            os.rename(os.path.join(fresh, name), os.path.join(path, name))
    status = os.stat(fresh)
    os.chown(path, status.st_uid, status.st_gid)
    shutil.copystat(fresh, path)


def _move(path: str, old: str) -> None:
    try:
        os.rename(path, old)
    except OSError as fault:
        if fault.errno != errno.EXDEV:
            raise
        # Lower layers of an overlay cannot be renamed. The restored tree is whole, so the old one may go.
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def sweep(places: list[str], unit: str) -> None:
    """Remove what is no longer needed without keeping anybody waiting: a large tree takes minutes."""
    present = []
    for place in places:
        if os.path.lexists(place):
            present.append(f"{place}-{time.time_ns()}")
            os.rename(place, present[-1])
    if not present:
        return
    quick = ["systemd-run", "--quiet", "--collect", "--no-block", f"--unit={unit}", "--nice=10"]
    if machine_run.run([*quick, "rm", "-rf", "--one-file-system", "--", *present], limit_s=15).code != 0:
        for place in present:
            shutil.rmtree(place)
