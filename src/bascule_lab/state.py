# SPDX-License-Identifier: Apache-2.0
"""The folder in which a lab remembers itself: `~/.local/state/bascule-lab/<policy id>/`."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from pathlib import Path
from typing import Any

from bascule_lab.errors import USAGE, LabError

SHELLS = ("sh", "bash", "dash", "zsh", "fish", "su", "ksh")


def owner() -> tuple[int, int] | None:
    """User and group of the person who typed `sudo bascule-lab`, or None. A shell opened by sudo is root's own."""
    if os.geteuid() != 0 or Path(os.environ.get("SUDO_COMMAND", "").split(" ")[0]).name in SHELLS:
        return None
    user, group = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    return (int(user), int(group)) if user.isdigit() and group.isdigit() and int(user) else None


def home() -> Path:
    """The home of the person who works: under sudo that of the one who typed it."""
    person = owner()
    if person:
        return Path(pwd.getpwuid(person[0]).pw_dir)
    return Path(os.environ.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir)


def expand(text: str, beside: Path) -> Path:
    """A path of a policy: `~` is the person's home, a relative one lies beside the policy."""
    if text == "~" or text.startswith("~/"):
        return home() / text[2:]
    return beside / text


class State:
    """Files of one lab, all of them only for their owner."""

    def __init__(self, lab: str) -> None:
        self.folder = home() / ".local" / "state" / "bascule-lab" / lab

    def path(self, *parts: str) -> Path:
        """The path of a file of this lab."""
        return self.folder.joinpath(*parts)

    def write(self, path: Path, content: str, mode: int = 0o600) -> Path:
        """Write a file (in this folder or elsewhere) with its mode from the first moment on."""
        self.make_folder(path.parent)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(content)
        give(path)
        return path

    def make_folder(self, folder: Path) -> list[Path]:
        """Make a folder and what is missing above it, 0700; returns what was made, outermost first."""
        made: list[Path] = []
        for part in [*reversed(folder.parents), folder]:
            if not part.exists():
                part.mkdir(mode=0o700)
                give(part)
                made.append(part)
        return made

    def write_json(self, name: str, data: Any) -> None:
        """Keep data under a name of this folder."""
        self.write(self.path(name), json.dumps(data, indent=1, sort_keys=True) + "\n")

    def read_json(self, name: str, default: Any) -> Any:
        """Data kept under a name, or `default` when there is none. Raises LabError when the file is broken."""
        path = self.path(name)
        if not path.exists():
            return default
        try:
            return json.loads(path.read_text())
        except ValueError:
            raise LabError(f"{path} cannot be read; take the lab down and up again.", USAGE) from None

    def forget(self) -> None:
        """Remove the folder."""
        if self.folder.exists():
            shutil.rmtree(self.folder)


def give(path: Path) -> None:
    """Hand a new file to the person who typed sudo."""
    to = owner()
    if to:
        os.chown(path, *to)
