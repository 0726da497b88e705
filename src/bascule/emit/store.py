# SPDX-License-Identifier: Apache-2.0
"""A tree in memory and a folder on disk: written whole or not at all, and compared."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bascule.emit import manifest
from bascule.emit.tree import File, FolderError, Tree, read


@dataclass(frozen=True)
class Changes:
    """Paths that a tree has and a folder has not, the reverse, and those whose bytes or mode differ; each sorted."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def write(tree: Tree, folder: Path) -> None:
    """Write a tree as a folder, in place of an earlier compiled one, of which `runs/` and `wheels/` are kept.

    Nothing is changed when it fails before the end. Raise FolderError when the folder is not a compiled one or holds
    files that the compiler did not put there.
    """
    folder = folder.resolve()
    _refuse_strangers(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise FolderError(f"{folder.parent} cannot be written: {error.strerror}") from error
    try:
        for path, file in tree.items():
            _put(fresh / path, file)
        # A umask of the user must not decide whether Ansible trusts the folder.
        for made in (fresh, *(path for path in fresh.rglob("*") if path.is_dir())):
            made.chmod(0o755)
        _replace(folder, fresh)
    except OSError as error:
        raise FolderError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def load(folder: Path) -> Tree:
    """Return what a compiled folder holds, `runs/` and `wheels/` left out. Raise FolderError when it is not one."""
    if not (folder / manifest.NAME).is_file():
        raise FolderError(
            f"{folder} is not a compiled folder (it has no {manifest.NAME}); compile the policy into it first"
        )
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    paths = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: read(path) for name, path in paths.items() if not _on_the_spot(name)}


def compare(old: Tree, new: Tree) -> Changes:
    """Return what has to change for the old tree to become the new one."""
    return Changes(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(path for path in new.keys() & old.keys() if new[path] != old[path])),
    )


def _on_the_spot(path: str) -> bool:
    return path.partition("/")[0] in manifest.NOT_LISTED or "__pycache__" in path.split("/")


def _refuse_strangers(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / manifest.NAME).is_file():
        raise FolderError(
            f"{folder} exists and was not made by bascule (it has no {manifest.NAME}); choose another folder"
        )
    known = set(manifest.listed((folder / manifest.NAME).read_bytes())) | {manifest.NAME}
    strangers = [path for path in load(folder) if path not in known]
    if strangers:
        named = ", ".join(strangers[:5]) + (" and others" if len(strangers) > 5 else "")
        raise FolderError(
            f"{folder} holds files that bascule did not make: {named}; move them out of it, they would be lost"
        )


def _put(path: Path, file: File) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
    path.chmod(0o755 if file.executable else 0o644)


def _replace(folder: Path, fresh: Path) -> None:
    if not folder.exists():
        os.rename(fresh, folder)
        return
    aside = fresh.with_name(fresh.name + ".old")
    os.rename(folder, aside)
    os.rename(fresh, folder)
    for name in manifest.NOT_LISTED:
        if (aside / name).exists():
            os.rename(aside / name, folder / name)
    shutil.rmtree(aside)
