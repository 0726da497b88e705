# SPDX-License-Identifier: Apache-2.0
"""Files in memory: what a folder will hold, before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What tools leave behind and what nobody wants carried to the standby.
_LEFT_OUT = frozenset({"__pycache__", ".git", ".DS_Store", ".mypy_cache", ".pytest_cache", ".ruff_cache"})
_LEFT_OUT_ENDS = (".pyc", ".pyo", ".swp", "~")


@dataclass(frozen=True)
class File:
    """The bytes of a file, and whether it is a program."""

    content: bytes
    executable: bool = False


Tree = Mapping[str, File]


class FolderError(Exception):
    """A folder cannot be read or written as asked; the message is a sentence for the user."""


def text_file(text: str) -> File:
    """Given text, return the file that holds it in UTF-8."""
    return File(text.encode())


def json_file(value: Any) -> File:
    """Given a JSON value, return the file that holds it, indented, keys in their order."""
    return text_file(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def copied(root: Path, under: str, wanted: Callable[[str], bool] = lambda _: True) -> dict[str, File]:
    """Given a folder, return its files as a tree below `under`; `wanted` is asked with each path relative to `root`.

    Raise FolderError for a link that leads out of the folder, to a folder, or nowhere.
    """
    tree: dict[str, File] = {}
    inside = root.resolve()
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if _LEFT_OUT & set(relative.parts) or path.name.endswith(_LEFT_OUT_ENDS):
            continue
        if path.is_symlink() and not (path.resolve().is_relative_to(inside) and path.is_file()):
            raise FolderError(
                f"{root.name}/{relative.as_posix()} is a link that leads out of {root.name}/; put the file there"
            )
        if path.is_file() and wanted(relative.as_posix()):
            tree[f"{under}/{relative.as_posix()}" if under else relative.as_posix()] = read(path)
    return tree


def read(path: Path) -> File:
    """Given the path of a file, return the file. Raise FolderError when it cannot be read."""
    try:
        return File(path.read_bytes(), bool(path.stat().st_mode & 0o100))
    except OSError as error:
        raise FolderError(f"{path} cannot be read: {error.strerror}") from error
