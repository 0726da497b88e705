# SPDX-License-Identifier: Apache-2.0
"""The executable that Pulumi looks for on PATH: `pulumi-resource-aws`, a line that starts the double with this Python.

It is in a folder of its own in the user's cache, not beside other programs: who did not ask never gets the double.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
import tempfile
from pathlib import Path

EXECUTABLE = "pulumi-resource-aws"


def folder() -> Path:
    """The folder, made when it is missing. Two processes may ask at once. Raises OSError."""
    package = Path(__file__).resolve().parents[1]
    script = f'#!/bin/sh\n{environment(package)}exec {shlex.quote(sys.executable)} -m bascule_double.plugin "$@"\n'
    name = hashlib.sha256(script.encode()).hexdigest()[:12]
    there = cache() / "bascule" / "double" / name
    there.mkdir(parents=True, exist_ok=True)
    target = there / EXECUTABLE
    if not os.access(target, os.X_OK) or target.read_text() != script:
        write(target, script)
    return there


def environment(package: Path) -> str:
    """What the line sets so that this very package is run, also from a checkout that is not installed."""
    return f"export PYTHONPATH={shlex.quote(str(package))}${{PYTHONPATH:+:$PYTHONPATH}}\n"


def cache() -> Path:
    """The user's folder for what can be made again."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return Path(named) if named.startswith("/") else Path.home() / ".cache"


def write(target: Path, script: str) -> None:
    """Write the executable whole or not at all."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    with os.fdopen(handle, "w") as file:
        file.write(script)
    os.chmod(name, 0o755)
    os.replace(name, target)
