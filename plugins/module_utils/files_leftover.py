# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a former primary's trees hold that the other side never had: kept aside before they are made equal."""

from __future__ import annotations

import filecmp
import os
import shutil
import stat
import time
from pathlib import Path
from typing import Iterator

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_swap,
    files_tree,
    machine_files,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError


def fresh(path: str, since: float) -> Iterator[tuple[str, int]]:
    """Files and links of a tree that were made or changed after `since` (epoch seconds), with their bytes.

    By the time of the inode, which no program sets: files that are unpacked have old times of content.
    """
    for place, status in files_tree.entries(path) if os.path.isdir(path) else ():
        if (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)) and status.st_ctime > since:
            yield place, status.st_size


def keep(job: Job) -> None:
    """Before the first pass of a return: copy aside what was written here after the point that the other side has.

    A machine that Bascule does not know keeps all that is there. Raises TroubleError when there is no room for it.
    """
    moved = str(job.peer.get("taken") or "")
    if job.state().get("searched") == moved:
        return
    known = {"epoch", "demoted"} & job.state().keys()
    since = float(job.peer.get("reaches") or 0) if known else 0.0
    found = {path: list(fresh(path, since)) for path in job.paths}
    mounts = files_swap.mount_points()
    kept = []
    for path, files in found.items():
        if not files:
            continue
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        base = files_swap.base_of(path, mounts)
        refuse_full(job, path, base, sum(size for _place, size in files))
        kept.append(f"{base.rstrip('/')}/.bascule-kept-{job.policy}-{job.id}-{stamp}")
        machine_files.folder(kept[-1], mode=0o700)
        for place, _size in files:
            put(place, kept[-1] + place)
    job.save(searched=moved, kept=sorted(set(kept)) or None)


def put(place: str, target: str) -> None:
    """Copy a file or a link with times, mode, attributes and owner."""
    status = os.lstat(place)
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    shutil.copy2(place, target, follow_symlinks=False)
    os.lchown(target, status.st_uid, status.st_gid)


def refuse_full(job: Job, path: str, base: str, size: int) -> None:
    """Raise TroubleError when `size` bytes do not fit into the file system of `base`."""
    place = os.statvfs(base)
    free = place.f_bavail * place.f_frsize
    if free < size * 1.1:
        raise TroubleError(
            f"{path} on {job.machine} was written to after the last copy that {job.peer.get('machine')} has, and there "
            f"is no room to keep that: {size / 1e9:.1f} GB are needed in {base}, {free / 1e9:.1f} are free. Make room; "
            f"or, when it may be lost, remove {path}; then run again.")


def settle(job: Job) -> list[str]:
    """After a pass: let go of what both sides have. Returns a sentence about what is left, or nothing."""
    places = [place for place in job.state().get("kept") or [] if os.path.isdir(place)]
    left, newest = 0, 0.0
    for place in places:
        for folder, _folders, names in os.walk(place, topdown=False):
            for name in names:
                own = os.path.join(folder, name)
                if same(own, own[len(place):]):
                    os.unlink(own)
                else:
                    left, newest = left + 1, max(newest, os.lstat(own).st_mtime)
            machine_files.remove_if_empty(folder)
    if not left:
        job.save(kept=None)
        return []
    there = ", ".join(place for place in places if os.path.isdir(place))
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(newest))
    return [f"{job.machine} held {left} files of {job.id} that {job.peer.get('machine')} never had, newest of {when}. "
            f"{job.id} goes on without; as they were they lie in {there} on {job.machine}."]


def same(kept: str, path: str) -> bool:
    """Whether a kept file or link is what is at `path` now."""
    if os.path.islink(kept) or os.path.islink(path):
        return os.path.islink(kept) and os.path.islink(path) and os.readlink(kept) == os.readlink(path)
    return Path(path).is_file() and filecmp.cmp(kept, path, shallow=False)
