# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a machine as such: processor, release, time zone, room on disk, users and groups, licence files."""

from __future__ import annotations

import grp
import os
import platform
import pwd
import shutil
from collections import deque
from typing import Any, Iterable, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files

ZONES = "/zoneinfo/"
UTC = ("", "UTC", "Etc/UTC", "Zulu", "Etc/UCT", "UCT", "Universal", "Etc/Universal", "Etc/Zulu")
# A tree may have millions of entries; its owners show in the first ones, breadth first.
ENTRIES = 5000


def host() -> dict[str, str]:
    """Processor, release and time zone."""
    pairs = (line.partition("=")[::2] for line in machine_files.read("/etc/os-release").splitlines())
    release = {key: value.strip('"') for key, value in pairs}
    return {"arch": platform.machine(), "timezone": timezone(),
            "release": f"{release.get('ID', '')} {release.get('VERSION_ID', '')}".strip()}  # fmt: skip


def timezone() -> str:
    """The name of the machine's time zone; all names of UTC are one."""
    target = os.path.realpath("/etc/localtime")
    name = target.partition(ZONES)[2] if ZONES in target else machine_files.read("/etc/timezone").strip()
    return "Etc/UTC" if name in UTC else name


def space(path: str) -> dict[str, Any]:
    """How much is free where `path` is or will be, in bytes, and on which device that is."""
    place = path
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    return {"path": place, "device": os.stat(place).st_dev, "free": shutil.disk_usage(place).free}


def owners(paths: Iterable[str]) -> dict[str, dict[str, int]]:
    """Users and groups to whom the trees belong, with their numbers, by name."""
    users, groups, left = set(), set(), ENTRIES
    todo = deque(path for path in paths if os.path.exists(path))
    while todo and left:
        path, left = todo.popleft(), left - 1
        status = os.lstat(path)
        users.add(status.st_uid)
        groups.add(status.st_gid)
        if os.path.isdir(path) and not os.path.islink(path):
            with os.scandir(path) as found:
                todo.extend(sorted(entry.path for entry in found if not entry.name.startswith(".bascule-")))
    named = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid in users}
    grouped = {entry.gr_name: entry.gr_gid for entry in grp.getgrall() if entry.gr_gid in groups}
    return {"users": named, "groups": grouped}


def numbers(wanted: Mapping[str, Any]) -> dict[str, dict[str, int | None]]:
    """What numbers the users and groups of `wanted` (facts of the other side) have here; None for those not here."""
    return {"users": {name: user(name) for name in wanted.get("users") or {}},
            "groups": {name: group(name) for name in wanted.get("groups") or {}}}  # fmt: skip


def user(name: str) -> int | None:
    """The number of a user, or None."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def group(name: str) -> int | None:
    """The number of a group, or None."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def present(paths: Iterable[str]) -> dict[str, bool]:
    """Whether each of `paths` is there."""
    return {path: os.path.exists(path) for path in paths}
