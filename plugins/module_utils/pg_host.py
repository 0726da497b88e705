# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every PostgreSQL step does on a machine: run programs, write files, wait; all with a limit."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Sequence

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
}


class PlainError(Exception):
    """A plain sentence for the user: what is wrong, what to do."""


@dataclass(frozen=True)
class Done:
    """How a program ended: exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def why(self) -> str:
        """The last line that says something, for a message."""
        lines = [line.strip() for line in (self.err + "\n" + self.out).splitlines() if line.strip()]
        errors = [line for line in lines if "ERROR" in line or "FATAL" in line or "error:" in line]
        return ((errors or lines)[-1] if lines else f"exit code {self.code}")[:400]


def identity(user: str) -> dict[str, Any]:
    """The `subprocess` arguments that run a program as `user`. Raises PlainError when there is no such user."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError as fault:
        raise PlainError(
            f"There is no user {user} on this machine. Install PostgreSQL there, or create the user."
        ) from fault
    if os.geteuid() == entry.pw_uid:
        return {}
    groups = os.getgrouplist(user, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}


def run(
    argv: Sequence[str],
    *,
    user: str | None = None,
    stdin: str | None = None,
    limit_s: float = 30.0,
    env: Mapping[str, str] | None = None,
) -> Done:
    """Run `argv` from `/` and wait at most `limit_s` seconds; exit code 124 means that it was stopped at the limit."""
    home = pwd.getpwnam(user).pw_dir if user else "/root"
    options = identity(user) if user else {}
    try:
        process = subprocess.Popen(
            list(argv),
            cwd="/",
            env={**ENVIRONMENT, "HOME": home, **(env or {})},
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            **options,
        )
    except FileNotFoundError:
        return Done(127, "", f"{argv[0]} is not installed")
    try:
        out, err = process.communicate(stdin, timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return Done(124, out, f"{err}\nno end after {limit_s:g} s")
    return Done(process.returncode, out, err)


def begin(argv: Sequence[str], *, limit_s: float, user: str | None = None) -> None:
    """Start `argv` from `/` and go on; it is ended after `limit_s` seconds. For what nobody waits for."""
    subprocess.Popen(["timeout", f"{limit_s:g}", *argv], cwd="/", env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                     **(identity(user) if user else {}))


def must(argv: Sequence[str], sentence: str, **options: Any) -> str:
    """Run `argv`; return what it wrote. Raises PlainError with `sentence` and the program's own reason."""
    done = run(argv, **options)
    if done.code != 0:
        raise PlainError(f"{sentence.rstrip('.')}: {done.why}")
    return done.out


def read(path: str | Path) -> str:
    """The text of a file, or an empty text when there is none."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def write(path: str | Path, text: str, *, mode: int = 0o644, owner: str = "root", group: str | None = None) -> bool:
    """Put `text` at `path` in one step, with owner and mode; True when anything differed."""
    target, entry = Path(path), pwd.getpwnam(owner)
    gid = pwd.getpwnam(group).pw_gid if group else entry.pw_gid
    try:
        now = target.stat()
        if (now.st_uid, now.st_gid, now.st_mode & 0o7777) == (entry.pw_uid, gid, mode) and read(target) == text:
            return False
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=".bascule-", dir=str(target.parent))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chown(draft, entry.pw_uid, gid)
        os.chmod(draft, mode)
        os.replace(draft, str(target))
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return True


def folder(path: str | Path, *, mode: int = 0o755, owner: str = "root") -> bool:
    """Make a folder with owner and mode; True when anything differed. Parents that are missing are made 0755."""
    target, entry = Path(path), pwd.getpwnam(owner)
    fresh = not target.is_dir()
    target.mkdir(parents=True, exist_ok=True)
    now = target.stat()
    if not fresh and (now.st_uid, now.st_gid, now.st_mode & 0o7777) == (entry.pw_uid, entry.pw_gid, mode):
        return False
    os.chown(str(target), entry.pw_uid, entry.pw_gid)
    os.chmod(str(target), mode)
    return True


def passable(path: str | Path, root: str = "/var/lib/bascule") -> bool:
    """Let other users pass through (not read) the folders from `root` down to the parent of `path`."""
    changed = False
    for parent in reversed(Path(path).parents):
        if root in (str(parent), *map(str, parent.parents)):
            parent.mkdir(mode=0o755, exist_ok=True)
            mode = parent.stat().st_mode & 0o7777
            if not mode & 0o001:
                os.chmod(str(parent), mode | 0o111)
                changed = True
    return changed


def remove(path: str | Path) -> bool:
    """Remove a file or a whole folder; True when there was one."""
    target = Path(path)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(str(target))
        return True
    try:
        target.unlink()
    except FileNotFoundError:
        return False
    return True


def discard(path: str | Path, unit: str) -> None:
    """Remove a folder without keeping anybody waiting: a large one takes minutes. `unit` names the service."""
    doomed = f"{path}-{time.time_ns()}"
    os.replace(str(path), doomed)
    quick = ["systemd-run", "--quiet", "--collect", "--no-block", f"--unit={unit}", "--nice=10"]
    if run([*quick, "rm", "-rf", "--one-file-system", "--", doomed]).code != 0:
        remove(doomed)


def wait_until(look: Callable[[], Any], limit_s: float, every_s: float = 0.1) -> Any:
    """Call `look` until it returns something true, at most `limit_s` seconds; returns its last answer."""
    end = time.monotonic() + limit_s
    while True:
        answer = look()
        if answer or time.monotonic() >= end:
            return answer
        time.sleep(every_s)


def missing_programs(programs: Iterable[tuple[str, str]]) -> list[str]:
    """Of pairs (program, Debian package), the packages whose program cannot be found."""
    return sorted({package for program, package in programs if not shutil.which(program, path=ENVIRONMENT["PATH"])})
