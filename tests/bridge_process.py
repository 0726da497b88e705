# SPDX-License-Identifier: Apache-2.0
"""The bridge of a compiled folder in a process of its own, started and asked as Ansible does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def started(build: Path, environment: Mapping[str, str], request: Mapping[str, Any]) -> subprocess.Popen[str]:
    """Start the bridge and ask; its standard input stays open, since the end of it says that nobody waits any more."""
    process = subprocess.Popen(
        [sys.executable, str(build / "stack/bridge.py")],
        cwd=build / "stack",
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    return process


def said(process: subprocess.Popen[str], limit_s: float) -> str:
    """All that it says, to its end, which comes within `limit_s` seconds of its last word."""
    assert process.stdout is not None
    text = process.stdout.read()
    process.wait(limit_s)
    return text
