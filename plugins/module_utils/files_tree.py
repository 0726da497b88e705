# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at trees: what they hold, whom it belongs to, and a digest that two machines can compare."""

from __future__ import annotations

import hashlib
import os
import stat
from functools import lru_cache
from typing import Any, Callable, Iterator, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files

SAMPLES = 5
NAMED = 60
KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"), (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"), (stat.S_ISBLK, "block"), (stat.S_ISCHR, "character"),
)  # fmt: skip


def entries(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """All entries of a tree with what `lstat` says, the tree itself first, in an order that does not vary."""
    yield path, os.lstat(path)
    if not os.path.isdir(path) or os.path.islink(path):
        return
    with os.scandir(path) as found:
        names = sorted(entry.name for entry in found)
    for name in names:
        if name == "lost+found" or name.startswith(".bascule-"):
            continue
        yield from entries(os.path.join(path, name))


def content(path: str) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def shown(name: str) -> str:
    """A name as it can be told: bytes that are no UTF-8 become `\\xe9`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@lru_cache(maxsize=None)
def _user(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


@lru_cache(maxsize=None)
def _group(number: int) -> str:
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def described(path: str, top: str, status: os.stat_result) -> bytes:
    """One entry as it goes into the digest: path, type, mode, owners by name, size, and content, target or device."""
    kind = next((name for test, name in KINDS if test(status.st_mode)), "other")
    shown: dict[str, Callable[[], str]] = {
        "file": lambda: f"{status.st_size} {content(path)}",
        "link": lambda: os.readlink(path),
        "block": lambda: str(status.st_rdev),
        "character": lambda: str(status.st_rdev),
    }
    more = shown.get(kind, str)()
    mode = "" if kind == "link" else oct(stat.S_IMODE(status.st_mode))
    words = [os.path.relpath(path, top), kind, mode, _user(status.st_uid), _group(status.st_gid), more]
    return "\0".join(words).encode("utf-8", "surrogateescape") + b"\n"


def digest(path: str) -> dict[str, Any]:
    """A tree as `{"sha256", "entries", "bytes", "parts": {first name: digest}}`; `parts` only for few first names."""
    if not os.path.isdir(path):
        return {"sha256": None, "entries": 0, "bytes": 0, "parts": {}}
    whole, parts, count, size = hashlib.sha256(), {}, 0, 0
    for place, status in entries(path):
        line = described(place, path, status)
        whole.update(line)
        first = os.path.relpath(place, path).split("/")[0]
        parts.setdefault(first, hashlib.sha256()).update(line)
        count, size = count + 1, size + (status.st_size if stat.S_ISREG(status.st_mode) else 0)
    named = {shown(name): part.hexdigest()[:16] for name, part in parts.items()} if len(parts) <= NAMED else {}
    return {"sha256": whole.hexdigest(), "entries": count, "bytes": size, "parts": named}


def counted(path: str) -> dict[str, Any]:
    """A restored tree as `{"files", "folders", "others", "bytes", "samples": {relative path: sha256}}`."""
    facts: dict[str, Any] = {"files": 0, "folders": 0, "others": 0, "bytes": 0, "samples": {}}
    for place, status in entries(path):
        kind = next((name for test, name in KINDS if test(status.st_mode)), "other")
        facts[{"file": "files", "folder": "folders"}.get(kind, "others")] += 1
        if kind == "file":
            facts["bytes"] += status.st_size
            if len(facts["samples"]) < SAMPLES and status.st_size < 1 << 24:
                facts["samples"][shown(os.path.relpath(place, path))] = content(place)
    return facts


def local_numbers(kept: Mapping[str, str], local: Mapping[str, int]) -> dict[int, int]:
    """Numbers that mean somebody else here: `kept` is number to name where it was copied, `local` name to number."""
    return {int(number): local[name] for number, name in kept.items() if local.get(name, int(number)) != int(number)}


def give_back(path: str, owners_file: str) -> int:
    """Give each entry to the user and the group that bear its owners' names here; return how many changed."""
    import grp
    import pwd

    kept = machine_files.read_json(owners_file)
    users = local_numbers(kept.get("users") or {}, {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()})
    groups = local_numbers(kept.get("groups") or {}, {entry.gr_name: entry.gr_gid for entry in grp.getgrall()})
    changed = 0
    for place, status in entries(path) if users or groups else ():
        wanted = users.get(status.st_uid, status.st_uid), groups.get(status.st_gid, status.st_gid)
        if wanted != (status.st_uid, status.st_gid):
            os.lchown(place, *wanted)
            if not stat.S_ISLNK(status.st_mode):
                os.chmod(place, stat.S_IMODE(status.st_mode))   # chown takes set-user-ID away
            changed += 1
    return changed
