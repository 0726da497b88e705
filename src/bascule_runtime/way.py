# SPDX-License-Identifier: Apache-2.0
"""The way to a machine that is built in a cloud: by its own address where the link leads there, else by the machine at
which the link ends, whose public address lets this controller in.

For ssh, as the `ProxyCommand` of `ssh_config`: what is connected is handed over on standard output, which is a socket
then, and nothing stays in between.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional, Sequence

from bascule_runtime import built, runs

DIRECT_S, PUBLIC_S = 2.0, 3.0
Json = dict[str, Any]


def end_of_link(plan: Json, outputs: Json) -> Optional[tuple[str, str]]:
    """The machine at which the link ends and its public address, as it was built; None while nobody knows."""
    link = outputs.get("link") or {}
    name, endpoint = str(link.get("machine") or ""), str(link.get("endpoint") or "")
    return (name, endpoint) if name in built.machines(plan) and endpoint else None


def jump(name: str, host: str, port: int) -> list[str]:
    """The command that leads to `host` through machine `name`, in a compiled folder."""
    return ["ssh", "-F", "ssh_config", "-W", f"{host}:{port}", name]


def _connected(host: str, port: int, limit_s: float) -> Optional[socket.socket]:
    try:
        found = socket.create_connection((host, port), limit_s)
    except OSError:
        return None
    found.settimeout(None)
    return found


def _found(folder: Path, host: str, port: int) -> Optional[socket.socket]:
    """A connection to a machine's address, or to what leads there."""
    direct = _connected(host, port, DIRECT_S)
    if direct:
        return direct
    plan = runs.read_json(folder / "plan.json") or {"machines": {}}
    end = end_of_link(plan, runs.read_json(folder / "outputs" / "standby.json") or {})
    if end is None:
        return None
    name, endpoint = end
    if plan["machines"][name]["address"] == host:
        return _connected(endpoint, port, PUBLIC_S)
    ours, theirs = socket.socketpair()
    subprocess.Popen(jump(name, host, port), cwd=folder, stdin=theirs.fileno(), stdout=theirs.fileno(),
                     start_new_session=True)
    theirs.close()
    return ours


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `way`: hand a connection over to ssh. Exit code 1 when there is none."""
    parser = argparse.ArgumentParser(prog="bascule_runtime way", description="The way to a machine, for ssh.")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    given = parser.parse_args(arguments)
    try:
        found = _found(Path(), given.host, given.port)
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if found is None:
        sys.stderr.write(f"connect to host {given.host} port {given.port}: No route to host\n")
        return 1
    with socket.socket(fileno=1) as ssh:
        socket.send_fds(ssh, [b"\0"], [found.fileno()])
    return 0
