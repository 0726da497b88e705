# SPDX-License-Identifier: Apache-2.0
"""Serves the trees of one system by rrsync: to the machine that is being made its copy again, or to the third place.

`python3 -m bascule_runtime tree --config FILE`, as the forced command of an SSH key. The client asks rsync for
`N/`, the number of a path in FILE's `{"tree": {"paths": [...], "written": false}}`; no other path can be named. Where
`written` is true the client writes there and cannot read: so copies are given back to a machine that has none.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Optional, Sequence

from bascule_runtime import agent

ASKED = {
    False: re.compile(r"(rsync --server --sender .* )(\d{1,3})/"),
    True: re.compile(r"(rsync --server (?!--sender ).* )(\d{1,3})/"),
}


def command(original: str, paths: Sequence[str], written: bool = False) -> tuple[str, str]:
    """Given SSH_ORIGINAL_COMMAND and the paths, return what rrsync shall see of it, and the path it may serve.

    Raises ValueError for anything but reading one of the paths, or writing to it where that is what is `written`.
    """
    match = ASKED[written].fullmatch(original)
    if not match or int(match.group(2)) >= len(paths):
        use = "writing" if written else "reading"
        raise ValueError(f"This key only serves the trees of one system, for {use}, by number.")
    return f"{match.group(1)}./", paths[int(match.group(2))]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `tree`; becomes rrsync."""
    config = agent.configuration("tree", arguments)
    try:
        written = bool(config["tree"].get("written"))
        seen, path = command(os.environ.get("SSH_ORIGINAL_COMMAND", ""), config["tree"]["paths"], written)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    os.environ.update(agent.ENVIRONMENT, SSH_ORIGINAL_COMMAND=seen)
    return os.execvp("rrsync", ["rrsync", "-wo" if written else "-ro", path])
