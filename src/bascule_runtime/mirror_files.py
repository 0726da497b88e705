# SPDX-License-Identifier: Apache-2.0
"""What the third place knows of a repository without its key: which files matter, which are whole, how old they are."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

ID_FILE = "bascule-id"
IDENTITY = re.compile(r"[0-9a-f]{32}")
CONTENT_NAME = re.compile(r"(?:data/[0-9a-f]{2}|index|keys|snapshots)/([0-9a-f]{64})")
SEGMENT = re.compile(r"archive/[^/]+/[^/]+/[0-9A-F]{16}/[0-9A-F]{24}-[0-9a-f]{40}(\.\w+)?")
MANIFEST = re.compile(r"(backup/[^/]+/\d{8}-\d{6}F[^/]*)/backup\.manifest")
BACKUP = re.compile(r"(backup/[^/]+/\d{8}-\d{6}F[^/]*)/.*")


class TroubleError(Exception):
    """A plain sentence: what is wrong with the copies."""


@dataclass(frozen=True)
class Layout:
    """How a kind of repository is made up.

    `heads`: patterns of what names copies, put in place last; `skip`: patterns of what is of the moment only;
    `fixed_head`: a head that never changes; `content_named`: files bear the SHA-256 of their content as a name;
    `mark`: the beginning of the names that change when a repository is tidied up.
    """

    heads: tuple[str, ...]
    skip: tuple[str, ...]
    fixed_head: str = ""
    content_named: bool = False
    mark: str = ""

    def is_head(self, name: str) -> bool:
        """Whether the file says which copies there are."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in (*self.heads, ID_FILE))

    def wanted(self, names: Sequence[str]) -> list[str]:
        """Of all files, those that are worth having: no locks, no drafts, no backup that is still being made."""
        whole = {match.group(1) for name in names if (match := MANIFEST.fullmatch(name))}
        return [name for name in names
                if not any(fnmatch.fnmatchcase(name, pattern) for pattern in self.skip)
                and not ((match := BACKUP.fullmatch(name)) and match.group(1) not in whole)]

    def marks(self, names: Sequence[str]) -> set[str]:
        """The names that must be the same before and after a fetch, else something may have been moved meanwhile."""
        return {name for name in names if self.mark and name.startswith(self.mark)}

    def is_whole(self, name: str, path: Path) -> bool:
        """Whether the content is what the name says, where names say it."""
        match = CONTENT_NAME.fullmatch(name) if self.content_named else None
        return match is None or _sha256(path) == match.group(1)


RESTIC = Layout(("config", "keys/*", "snapshots/*"), ("locks/*", "*-tmp-*"), "config", True, "index/")
# By protection; several keep what they copy in a repository of restic.
LAYOUTS: Mapping[str, Layout] = {
    **dict.fromkeys(("restic", "image", "changed-blocks"), RESTIC),
    "pgbackrest": Layout(("archive/*/archive.info*", "backup/*/backup.info*"), ("*.pgbackrest.tmp",)),
}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def files(here: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Each file below `here`, by its path in it, with what `stat` says."""
    for folder, _folders, names in os.walk(here):
        for name in names:
            path = Path(folder, name)
            yield str(path.relative_to(here)), path.stat()


def identity(staging: Path) -> str:
    """The identity of the repository whose heads are in `staging`. Raises TroubleError when it has none."""
    path = staging / ID_FILE
    text = path.read_text(encoding="ascii", errors="replace").strip() if path.is_file() else ""
    if not IDENTITY.fullmatch(text):
        raise TroubleError("the standby holds no copies that were made ready to be fetched. Run dr-build.yml")
    return text


def same(fresh: Path, known: Path) -> bool:
    """Whether a file is what it was, or is there for the first time."""
    return not fresh.is_file() or not known.is_file() or fresh.read_bytes() == known.read_bytes()


def publish(staging: Path, here: Path) -> None:
    """Put the heads in place, each in one step."""
    for name, _stat in sorted(files(staging)):
        target = here / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.replace(staging / name, target)
    shutil.rmtree(staging, ignore_errors=True)


def forget(here: Path, names: Sequence[str], gone: Mapping[str, float], keep_s: float) -> dict[str, float]:
    """Remove what vanished at the standby more than `keep_s` ago; return since when what is left of it is missing."""
    there, now, missing = set(names) | {ID_FILE}, time.time(), {}
    for name, _stat in list(files(here)):
        if name in there:
            continue
        since = float(gone.get(name, now))
        if now - since > keep_s:
            (here / name).unlink()
        else:
            missing[name] = since
    return missing


def forget_older(folder: Path, here: Path, keep_s: float) -> None:
    """Remove repositories that stood at the standby before, once they are older than what is kept."""
    for other in folder.iterdir():
        old = IDENTITY.fullmatch(other.name) and other != here
        if old and time.time() - max((stat.st_ctime for _name, stat in files(other)), default=0.0) > keep_s:
            shutil.rmtree(other)


def counted(layout: Layout, here: Path) -> dict[str, Any]:
    """`{"newest_at", "points", "bytes", "files"}`: when the newest usable copy came to the standby (epoch seconds).

    Without the key only times and names can be read, so this is when the copy was written, not when it was begun.
    """
    total = count = 0
    copies: list[float] = []
    log: list[float] = []
    for name, stat in files(here):
        total, count = total + stat.st_size, count + 1
        if name.startswith("snapshots/") or MANIFEST.fullmatch(name):
            copies.append(stat.st_mtime)
        elif SEGMENT.fullmatch(name):
            log.append(stat.st_mtime)
    newest = max([*copies, *log]) if copies else None
    return {"newest_at": newest, "points": len(copies), "bytes": total, "files": count}


def newest(layout: Layout, folder: Path) -> Path:
    """The repository with the newest usable copy. Raises TroubleError when there is none."""
    found = [(at, path) for path in (folder.iterdir() if folder.is_dir() else ()) if IDENTITY.fullmatch(path.name)
             and (at := counted(layout, path)["newest_at"]) is not None]
    if not found:
        raise TroubleError("nothing was ever fetched that a recovery could use")
    return max(found)[1]


def as_line(facts: Mapping[str, Any]) -> str:
    """Facts as one line of JSON."""
    return json.dumps(facts, sort_keys=True) + "\n"
