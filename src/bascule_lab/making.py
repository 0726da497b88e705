# SPDX-License-Identifier: Apache-2.0
"""Make machines and start them: files laid before the first boot, the user, the name server, the seeds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from bascule_lab import files, keys, machines, seeds, zone
from bascule_lab.base import Lab, each
from bascule_lab.errors import LabError
from bascule_lab.estate import Machine
from bascule_lab.process import say


def specification(lab: Lab, machine: Machine, image: str) -> str:
    """A hash of what a machine was made from; another one means that it must be made again."""
    parts = [image, str(machine)]
    dns = lab.estate.dns
    if dns:
        parts += [str(dns.address), dns.zone]
        key = update_key(lab)
        if dns.machine == machine.id and key:
            parts += [files.for_name_server(lab.estate, key)["var/lib/bind/lab.zone"].content, key.line()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def make(lab: Lab, new: list[Machine], image: str, *, seed: bool = True) -> None:
    """Make machines with their files laid, start them, set them up and run the seeds. A machine counts as made only
    when all of that has succeeded."""
    ids: dict[str, str] = {}

    def boot(machine: Machine) -> None:
        spec = specification(lab, machine, image)
        ids[machine.id] = machines.create(lab.host, lab.estate, machine, image, spec, laid(lab, machine))
        machines.start(lab.host, lab.estate.id, [machine.id])

    def finish(machine: Machine) -> None:
        machines.wait_settled(lab.host, lab.estate.id, machine.id)
        machines.set_up(lab.host, lab.estate, machine)
        refuse_deaf(machine)

    each(boot, new)
    say("started; waiting until systemd has settled")
    each(finish, new)
    if seed:
        seeds.run_all(lab, {machine.id for machine in new}, image)
    for name, identity in ids.items():
        lab.state.write_json(f"machines/{name}", identity)


def laid(lab: Lab, machine: Machine) -> dict[str, files.File]:
    """The files of a machine."""
    path = lab.state.path("hostkeys", machine.id)
    pair = path.read_text(), path.with_name(path.name + ".pub").read_text()
    authorised = keys.public_keys(lab.estate, lab.state)[machine.id]
    return files.for_machine(lab.estate, machine, pair, authorised, update_key(lab))


def refresh(lab: Lab, old: list[Machine]) -> None:
    """Bring names and authorised keys of machines that stay up to what the policy says now."""
    changing = ("etc/hosts", "root/.ssh/authorized_keys")

    def one(machine: Machine) -> None:
        wanted = {path: file for path, file in laid(lab, machine).items() if path in changing}
        seeds.on_machine(lab, machine.id, ["tar", "-C", "/", "-xf", "-"], stdin=files.archive(wanted))
        machines.set_up(lab.host, lab.estate, machine)
        refuse_deaf(machine)

    each(one, old)


def update_key(lab: Lab) -> zone.Key | None:
    """The key that may change the zone, or None when there is no name server or no key."""
    dns = lab.estate.dns
    return zone.parse_key(keys.value(lab.estate, lab.state, dns.key)) if dns and dns.key else None


def start(lab: Lab, names: Iterable[str]) -> None:
    """Start machines that are off and wait until systemd has settled in them."""
    chosen = [lab.estate.machines[name] for name in names]
    machines.start(lab.host, lab.estate.id, [machine.id for machine in chosen])
    each(lambda machine: machines.wait_settled(lab.host, lab.estate.id, machine.id), chosen)


def refuse_deaf(machine: Machine) -> None:
    """Raise LabError unless the machine's ssh port answers."""
    if not machines.port_open(machine):
        raise LabError(f"{machine.id} runs, but {machine.address}:{machine.port} does not answer from this computer.")
