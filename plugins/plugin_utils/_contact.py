# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first contact with a machine that was just built: its host key is taken as it is shown, once, and kept."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from ansible_collections.bascule.continuity.plugins.plugin_utils import _outputs
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import unreached

EVERY_S = 1.0
CALL_S = 20
# What a machine does after its first boot; programs are installed only when nobody else does.
SETTLED = ("if command -v cloud-init >/dev/null 2>&1; then timeout {0} cloud-init status --wait >/dev/null 2>&1; fi; "
           "true")


@dataclass(frozen=True)
class Met:
    """`key` is what ssh keeps of the host, `fresh`: nobody knew it before; `why`: a sentence when nobody was let in."""

    instance: str
    key: str = ""
    fresh: bool = False
    why: str = ""


def meet(compiled: Path, machine: dict[str, Any], name: str, instance: str, known: dict[str, Any], pinned: list[str],
         limit_s: float, wanted: Callable[[], bool]) -> Met:
    """Wait until somebody can log in to a machine, for at most `limit_s` seconds.

    A key that is pinned, by the firm (`pinned`) or at the first contact with this very instance (`known`), must be
    shown; an instance that was never met shows it now.
    """
    host = _outputs.host_pattern(machine)
    lines = [line for line in pinned if host in line.split(" ")[0].split(",")]
    if not lines and known.get("key") and known.get("instance") == instance:
        lines = [f"{host} {known['key']}"]
    deadline, said = time.monotonic() + limit_s, "it said nothing"
    while time.monotonic() < deadline and wanted():
        key, said = _try(compiled, name, host, lines, max(1.0, deadline - time.monotonic()))
        if key:
            return Met(instance, key, fresh=not lines)
        if "identification has changed" in said.lower():
            break
        time.sleep(EVERY_S)
    return Met(instance, why=f"{name} was built and cannot be worked with after {limit_s:g} s. "
                             f"{unreached.sentence(name, said)}")


def _try(compiled: Path, name: str, host: str, lines: list[str], left_s: float) -> tuple[str, str]:
    """The key that the machine showed, once somebody was let in and its first boot is over; else what ssh said."""
    with tempfile.TemporaryDirectory(prefix="bascule-") as folder:
        pins = Path(folder) / "known_hosts"
        pins.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        strict = "yes" if lines else "accept-new"
        options = {"UserKnownHostsFile": str(pins), "StrictHostKeyChecking": strict, "ControlPath": "none",
                   "HashKnownHosts": "no", "UpdateHostKeys": "no", "BatchMode": "yes"}
        flags = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        argv = ["ssh", "-F", "ssh_config", *flags, name, SETTLED.format(int(left_s))]
        try:
            ended = subprocess.run(argv, cwd=compiled, capture_output=True, text=True, timeout=left_s + CALL_S,
                                   check=False, stdin=subprocess.DEVNULL, errors="replace")
        except subprocess.TimeoutExpired:
            return "", "timed out"
        if ended.returncode:
            return "", ended.stderr or "it said nothing"
        shown = [line for line in pins.read_text(encoding="utf-8").splitlines() if line.split(" ")[0] == host]
        return (shown[0].partition(" ")[2] if shown else ""), f"{name} showed no key under its address."


def fingerprint(key: str) -> str:
    """A host key as people compare it: `ssh-ed25519 SHA256:…`."""
    kind, _, encoded = key.partition(" ")
    digest = hashlib.sha256(base64.b64decode(encoded.split(" ")[0])).digest()
    return f"{kind} SHA256:{base64.b64encode(digest).decode('ascii').rstrip('=')}"
