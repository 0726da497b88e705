# SPDX-License-Identifier: Apache-2.0
"""The lab's machines: podman containers that boot systemd, one each."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bascule_lab import addresses, hypervisors, network
from bascule_lab.errors import LabError
from bascule_lab.estate import Estate, Machine
from bascule_lab.files import File, archive
from bascule_lab.host import Host

LABEL = "bascule.lab"
SPEC = "bascule.spec"
SETTLED = ("running", "degraded")
SETTLE_LIMIT_S = 60
ASK_SETTLED = ("timeout", str(SETTLE_LIMIT_S), "systemctl", "is-system-running", "--wait")

# Files of a new machine get the owners that only the machine knows; the words come as arguments, never in the text.
SET_UP = r"""set -e
user=$1 server=$2; shift 2
if [ "$user" != root ]; then
  id -u "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
  home=$(getent passwd "$user" | cut -d: -f6)
  install -d -m 700 -o "$user" -g "$user" "$home/.ssh"
  install -m 600 -o "$user" -g "$user" /root/.ssh/authorized_keys "$home/.ssh/authorized_keys"
  printf '%s ALL=(ALL) NOPASSWD: ALL\n' "$user" > /etc/sudoers.d/lab-user
  chmod 440 /etc/sudoers.d/lab-user
fi
if [ "$server" = server ]; then
  chown root:bind /etc/bind/lab.key
  chown bind:bind /var/lib/bind/lab.zone
  systemctl enable --quiet --now named
fi
[ $# = 0 ] || systemctl enable --quiet --now "$@"
"""


@dataclass(frozen=True)
class Container:
    """What podman knows of a machine. `healthy` says that it runs and its keeper (conmon) does too."""

    id: str
    name: str
    machine: str
    spec: str
    state: str
    pid: int
    healthy: bool


def all_of(host: Host, lab: str) -> dict[str, Container]:
    """Machine -> container, for each container that carries the lab's label."""
    names = host.podman("ps", "-a", "--filter", f"label={LABEL}={lab}", "--format", "{{.ID}}").split()
    if not names:
        return {}
    found = {}
    for entry in json.loads(host.podman("inspect", "--type", "container", *names)):
        state, labels = entry["State"], entry["Config"]["Labels"]
        keeper = state.get("ConmonPid") or 0
        healthy = state["Status"] == "running" and runs(keeper) and runs(state.get("Pid") or 0)
        machine = labels.get("bascule.machine", "")
        found[machine] = Container(
            entry["Id"], entry["Name"], machine, labels.get(SPEC, ""), state["Status"], state.get("Pid") or 0, healthy
        )
    return found


def runs(process: int) -> bool:
    """Whether a process of this number is there and not just waiting to be buried."""
    try:
        return process > 0 and Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def create(
    host: Host, estate: Estate, machine: Machine, image: str, spec: str, files: dict[str, File], hostname: str = ""
) -> str:
    """Make a machine with its files laid, not yet started; returns the container's id."""
    name = addresses.container(estate.id, machine.id)
    host.attempt_podman("rm", "-f", name)
    resolve = ["--dns", str(estate.dns.address), "--dns-search", estate.dns.zone] if estate.dns else ["--dns", "none"]
    labels = {LABEL: estate.id, "bascule.machine": machine.id, SPEC: spec}
    made = host.podman(
        "create",
        "--name",
        name,
        "--hostname",
        hostname or machine.id,
        *resolve,
        "--no-hosts",
        "--network",
        f"ns:{network.NETNS / addresses.namespace(estate.id, machine.id)}",
        "--systemd=always",
        "--privileged",
        "--pids-limit=-1",
        *host.limits(),
        "--stop-timeout",
        "10",
        *[part for key, text in labels.items() for part in ("--label", f"{key}={text}")],
        image,
        "/sbin/init",
    ).strip()
    host.podman("cp", "-", f"{name}:/", stdin=archive(files))
    return made


def start(host: Host, lab: str, machines: Iterable[str]) -> None:
    """Start machines that are there and off."""
    host.podman("start", *[addresses.container(lab, machine) for machine in machines])


def wait_settled(host: Host, lab: str, machine: str) -> None:
    """Wait until systemd in a machine has started all it wants. Raises LabError after a minute."""
    end = time.monotonic() + SETTLE_LIMIT_S
    said = ""
    while time.monotonic() < end:
        done = host.attempt_podman("exec", addresses.container(lab, machine), *ASK_SETTLED)
        said = done.stdout.decode(errors="replace").strip()
        if said in SETTLED:
            return
        time.sleep(0.1)
    raise LabError(
        f"{machine} did not finish starting within {SETTLE_LIMIT_S} s (systemd says: {said or 'nothing'}). "
        f"Try `bascule-lab up` again; with many machines, look at the load of this computer."
    )


def set_up(host: Host, estate: Estate, machine: Machine) -> None:
    """Make the policy's user on a new machine, with passwordless sudo; start the name server and what runs guests
    where they belong."""
    server = "server" if estate.dns and estate.dns.machine == machine.id and estate.dns.key else "-"
    host.podman(
        "exec",
        "-i",
        addresses.container(estate.id, machine.id),
        "sh",
        "-s",
        "--",
        machine.user,
        server,
        *(hypervisors.SOCKETS if machine.bridges else ()),
        stdin=SET_UP.encode(),
    )


def kill(host: Host, containers: Iterable[Container]) -> None:
    """Take the power from machines that run, all at once, and wait until podman knows."""
    pause(host, containers := list(containers), hang=False)  # what is paused cannot be killed
    running = [container.name for container in containers if container.state in ("running", "paused")]
    if running:
        host.podman("kill", "-s", "KILL", *running)
        host.podman("wait", *running)


def pause(host: Host, containers: Iterable[Container], *, hang: bool) -> None:
    """Let machines that run hang, or those that hang go on: all their processes stop where they are. The kernel still
    takes connections for them."""
    chosen = [container.name for container in containers if container.state == ("running" if hang else "paused")]
    if chosen:
        host.podman("pause" if hang else "unpause", *chosen)


def remove(host: Host, containers: Iterable[Container]) -> None:
    """Remove machines with their disks, also those whose keeper is dead. Raises LabError when one stays."""
    chosen = list(containers)
    if not chosen:
        return
    for container in chosen:
        if container.state == "running" and not container.healthy:
            end_processes(container)
    healthy = [container.name for container in chosen if container.healthy]
    if healthy:  # at once: `rm -f` alone asks each to stop first and waits
        host.attempt_podman("kill", "-s", "KILL", *healthy)
    ids = [container.id for container in chosen]
    if host.attempt_podman("rm", "-f", "-v", "-t", "0", *ids).returncode:
        host.podman("rm", "-f", "-v", *ids)  # podman 3 has no -t; and this call finds the state that the first repaired


def end_processes(container: Container) -> None:
    """End what is left of a machine whose keeper died: its first process, and with it all the others."""
    try:
        group = Path(f"/proc/{container.pid}/cgroup").read_text()
    except OSError:
        return
    if container.id in group:  # the number may belong to somebody else by now
        with contextlib.suppress(ProcessLookupError):
            os.kill(container.pid, signal.SIGKILL)


def port_open(machine: Machine, limit_s: float = 10) -> bool:
    """Whether the machine's ssh port answers within a limit. Only with the guard in place."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection((str(machine.address), machine.port), timeout=1):
            return True
        time.sleep(0.05)
    return False
