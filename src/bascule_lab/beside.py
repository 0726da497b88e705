# SPDX-License-Identifier: Apache-2.0
"""A copy of a policy with all that lies beside it, in which some words of the policy are others."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from bascule_lab.state import State, give

# What people and programs leave beside a policy, and compiled folders: they would be compiled anew.
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build")


def copied(policy: Path, folder: Path, state: State, rewritten: Callable[[str], str]) -> Path:
    """Copy the folder of `policy` to `folder`, anew, with the policy's text as `rewritten` makes it; return the copy.

    Files, not links: a compiled folder must not depend on other places, so the compiler refuses what leads elsewhere.
    """

    def left_out(place: str, names: list[str]) -> set[str]:
        return {*LEFT_OUT(place, names), *(name for name in names if Path(place, name) in (folder, *folder.parents))}

    shutil.rmtree(folder, ignore_errors=True)
    state.make_folder(folder.parent)
    shutil.copytree(policy.parent, folder, ignore=left_out)
    for item in [folder, *folder.rglob("*")]:
        give(item)
    return state.write(folder / policy.name, rewritten(policy.read_text(encoding="utf-8")))
