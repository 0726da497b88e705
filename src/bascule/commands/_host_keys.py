# SPDX-License-Identifier: Apache-2.0
"""The host keys that a machine shows, asked with ssh-keyscan."""

from __future__ import annotations

import base64
import binascii
import hashlib
import subprocess
from typing import TYPE_CHECKING

from bascule.commands import Unable

if TYPE_CHECKING:
    from bascule.plan import Machine

# The best ones first.
_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp256", "ssh-rsa")
_LIMIT_S = 5


def fingerprint(key: str) -> str:
    """Given a public key (`TYPE BASE64`), return its fingerprint as ssh prints it. Raise Unable when it is none."""
    try:
        blob = base64.b64decode(key.split()[1], validate=True)
    except (IndexError, binascii.Error) as error:
        raise Unable(f"the machine answered with something that is not a key: {key[:40]!r}") from error
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def offered(name: str, machine: Machine) -> list[str]:
    """Given a machine, return the keys (`TYPE BASE64`) that it shows, best first. Raise Unable when there is none."""
    if machine.via:
        raise Unable(
            f"{name} is reached through {machine.via}, which ssh-keyscan cannot do; read the key on the machine "
            "(/etc/ssh/ssh_host_ed25519_key.pub) and write it into the policy as host_key"
        )
    rows = [line.split() for line in _scan(name, machine).splitlines() if line and not line.startswith("#")]
    keys = {row[1]: f"{row[1]} {row[2]}" for row in rows if len(row) >= 3}
    found = [keys[kind] for kind in _KINDS if kind in keys]
    if not found:
        raise Unable(f"{machine.address} port {machine.port} shows no key; is {name} up, and reachable from here?")
    return found


def _scan(name: str, machine: Machine) -> str:
    command = ["ssh-keyscan", "-T", str(_LIMIT_S), "-p", str(machine.port), "--", machine.address]
    limit_s = 4 * _LIMIT_S
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=limit_s, check=False
        )
    except FileNotFoundError as error:
        raise Unable("ssh-keyscan is not there; install the ssh client (openssh-client)") from error
    except subprocess.TimeoutExpired as error:
        raise Unable(f"{machine.address} did not finish answering; is {name} up, and reachable from here?") from error
    return ended.stdout
