# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of ours on a machine: compared before they are written, written whole or not at all, locked if need be."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Union

from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

Place = Union[str, Path]


def read(path: Place) -> str:
    """The text of a file, or an empty text when there is none."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""


def read_json(path: Place) -> dict[str, Any]:
    """The JSON object in a file, or an empty one when there is no file. Raises TroubleError when it is damaged."""
    text = read(path)
    try:
        data = json.loads(text) if text.strip() else {}
    except ValueError as fault:
        raise TroubleError(f"{path} is damaged. Move it away and run dr-build.yml again.") from fault
    return data if isinstance(data, dict) else {}


def write(path: Place, text: str, mode: int = 0o644, owner: str = "root") -> bool:
    """Put `text` at `path` in one step, on disk when this returns; True when content, owner or mode differed."""
    target, entry = Path(path), pwd.getpwnam(owner)
    try:
        now = target.stat()
        same = (now.st_uid, now.st_gid, now.st_mode & 0o7777) == (entry.pw_uid, entry.pw_gid, mode)
        if same and read(target) == text:
            return False
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=".bascule-", dir=str(target.parent))
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chown(draft, entry.pw_uid, entry.pw_gid)
        os.chmod(draft, mode)
        os.replace(draft, str(target))
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return True


def write_json(path: Place, data: Any, mode: int = 0o644) -> bool:
    """`write` of a JSON document, keys sorted."""
    return write(path, json.dumps(data, indent=1, sort_keys=True) + "\n", mode)


def folder(path: Place, mode: int = 0o755, owner: str = "root") -> bool:
    """Make a folder with owner and mode; True when anything differed. Missing parents are made 0755."""
    target, entry = Path(path), pwd.getpwnam(owner)
    for parent in reversed(target.parents):
        parent.mkdir(mode=0o755, exist_ok=True)
    fresh = not target.is_dir()
    target.mkdir(mode=mode, exist_ok=True)
    now = target.stat()
    if not fresh and (now.st_uid, now.st_gid, now.st_mode & 0o7777) == (entry.pw_uid, entry.pw_gid, mode):
        return False
    os.chown(str(target), entry.pw_uid, entry.pw_gid)
    os.chmod(str(target), mode)
    return True


def hand_over(path: Place, owner: str) -> bool:
    """Give a folder with all that is in it to `owner`, the folder itself last; True unless that has it already."""
    entry = pwd.getpwnam(owner)
    if not os.path.isdir(str(path)) or os.stat(str(path)).st_uid == entry.pw_uid:
        return False
    for folder_, _folders, names in os.walk(str(path), topdown=False):
        for place in (*(os.path.join(folder_, name) for name in names), folder_):
            os.chown(place, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    return True


def remove(path: Place) -> bool:
    """Remove a file or a whole folder; True when there was one."""
    target = Path(path)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(str(target))
        return True
    if not os.path.lexists(str(target)):
        return False
    target.unlink()
    return True


def remove_if_empty(path: Place) -> bool:
    """Remove a folder that holds nothing; others may still need one that does."""
    try:
        os.rmdir(str(path))
    except OSError:
        return False
    return True


# Steps that change nothing wait for nobody.
READING = frozenset({"points", "status", "compare", "password", "look"})


def only_reads(module: Any, step: str) -> None:
    """End here when this is a run with --check and the step would change something."""
    if module.check_mode and step not in READING:
        module.exit_json(changed=False, skipped=True, msg=f"{step} changes something, so it is not done with --check.")


@contextmanager
def one_step(policy: str, system: str, step: str, limit_s: float) -> Iterator[None]:
    """Let one step of a system work on a machine at a time: what a killed run had started there goes on to its end.

    Raises TroubleError when the other one does not end within `limit_s` seconds.
    """
    if step in READING:
        yield
        return
    with locked(f"/run/lock/bascule-{policy}-{system}.lock", limit_s, f"An earlier step of {system} on this machine"):
        yield


@contextmanager
def locked(path: Place, limit_s: float, what: str) -> Iterator[None]:
    """Hold the lock at `path`. Raises TroubleError, naming `what`, when it is not free for `limit_s` seconds."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + limit_s
    with open(str(path), "a", encoding="utf-8") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise TroubleError(f"{what} goes on for more than {limit_s:g} s. Try again later.") from None
                time.sleep(0.1)
        yield
