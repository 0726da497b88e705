# SPDX-License-Identifier: Apache-2.0
"""Bring a lab up."""

from __future__ import annotations

from pathlib import Path

from bascule_lab import addresses, beside, files, guests, image, instances, keys, machines, making, network, publics
from bascule_lab.base import Lab
from bascule_lab.errors import LabError
from bascule_lab.host import RUN, install_needed, require_root
from bascule_lab.process import say
from bascule_lab.takedown import clear

WHOLE_STATES = ("exited", "stopped", "created", "configured")  # how podman calls a machine that is off


def up(lab: Lab, *, fresh: bool = False) -> None:
    """Bring every machine of the policy up: what runs stays, what is off starts, what is half made is made again.

    `fresh` throws away all machines first. Raises LabError with its exit code.
    """
    require_root()
    refuse_other_policy(lab)
    install_needed(guests.NEEDED if lab.estate.guests else {})
    used = network.used_networks(lab.estate.id)
    addresses.refuse_overlap(lab.estate.networks, used)
    with lab.host.lock(lab.lock_name()):
        register(lab)
        if fresh:
            clear(lab)
        prepare_files(lab)
        made = image.ensure(lab.host, lab.estate.packages)
        guests.ensure(lab)
        if lab.estate.built:
            publics.choose(lab.state, lab.estate.id, [*used.values(), *lab.estate.networks.values()])
        network.install_guard(lab.estate, publics.network(lab.state))
        bring_up(lab, made)
    later = f"; those of {', '.join(lab.estate.built)} are made by whoever builds it" if lab.estate.built else ""
    say(f"lab {lab.estate.id} is up: {len(lab.estate.standing)} machines at {len(lab.estate.networks)} sites{later}")


def refuse_other_policy(lab: Lab) -> None:
    """Raise LabError when a lab of the same id was brought up from another policy that is still there."""
    known = lab.state.read_json("lab.json", {}).get("policy")
    if known and known != str(lab.estate.policy) and Path(known).exists():
        raise LabError(
            f"The lab {lab.estate.id} is already there, from {known}. Take it down first: bascule-lab down {known}"
        )


def register(lab: Lab) -> None:
    """Note that this lab uses the common mount namespace, and make that unless it is there."""
    with lab.host.lock("common"):
        (RUN / "labs").mkdir(parents=True, exist_ok=True)
        (RUN / "labs" / lab.estate.id).touch()
        lab.host.open_mounts()
        lab.host.raise_watches()
    lab.state.write_json("lab.json", {"policy": str(lab.estate.policy)})


def prepare_files(lab: Lab) -> None:
    """Keys, secrets, pinned host keys and the ssh_config of a lab."""
    keys.prepare(lab.estate, lab.state)
    keys.lay_instance_keys(lab.estate, lab.state)
    for machine in lab.estate.standing:
        path = lab.state.path("hostkeys", machine)
        if not path.with_name(path.name + ".pub").exists():
            keys.make_key(lab.state, path, machine)
    write_ssh_files(lab)


def write_ssh_files(lab: Lab) -> None:
    """Write known_hosts and ssh_config into the state folder."""
    state = lab.state
    public = {machine: state.path("hostkeys", machine + ".pub").read_text() for machine in lab.estate.standing}
    state.write(state.path("known_hosts"), files.known_hosts(lab.estate, public))
    own = {name: str(path) for name, path in keys.instance_keys(lab.estate, state).items()}
    config = files.ssh_config(lab.estate, str(state.path("id")), str(state.path("known_hosts")), own)
    state.write(state.path("ssh_config"), config)


def bring_up(lab: Lab, made: str) -> None:
    """Wires, then machines: keep, start or make each of them."""
    there = machines.all_of(lab.host, lab.estate.id)
    later = instances.whole(lab, there)
    whole = {name for name, box in there.items() if is_whole(lab, box, made)}
    discard(lab, [box for name, box in there.items() if name not in whole | set(later)])
    standing = list(lab.estate.standing.values())
    rewired = network.build(lab.host, lab.estate, [*standing, *later.values()], publics.network(lab.state))
    machines.kill(lab.host, [there[name] for name in whole & rewired])
    network.plug(lab.host, lab.estate, standing, "up")
    instances.rejoin(lab, there, rewired)
    off = sorted(name for name in whole if name in rewired or there[name].state != "running")
    new = [machine for machine in standing if machine.id not in whole]
    if off:
        say(f"starting {', '.join(off)}")
        making.start(lab, off)
    making.refresh(lab, [lab.estate.machines[name] for name in sorted(whole)])
    if new:
        say(f"making {', '.join(machine.id for machine in new)}")
        making.make(lab, new, made)


def is_whole(lab: Lab, box: machines.Container, made: str) -> bool:
    """Whether a container was made to its end from what is asked for now, and either runs well or is properly off."""
    machine = lab.estate.machines.get(box.machine)
    if machine is None or lab.state.read_json(f"machines/{box.machine}", None) != box.id:
        return False
    same = box.spec == making.specification(lab, machine, made)
    return same and (box.healthy or box.state in WHOLE_STATES)


def discard(lab: Lab, boxes: list[machines.Container]) -> None:
    """Remove containers that cannot be used, and the wires of machines that the policy has no more."""
    if boxes:
        say(f"removing {', '.join(sorted(box.machine for box in boxes))}: half made, broken or outdated")
    machines.remove(lab.host, boxes)
    for box in boxes:
        if box.machine not in lab.estate.machines:
            network.remove_machine(lab.host, lab.estate.id, box.machine)


def rehearsal_policy(lab: Lab) -> Path | None:
    """When `lab.yml` moves sites to other networks: a copy of the policy with the lab's addresses, with all that lies
    beside it. It is the one to compile. None when nothing is moved."""
    if not lab.estate.moved:
        return None
    moved = lab.estate.moved, lab.estate.moved_networks
    return beside.copied(
        lab.estate.policy, lab.state.path("policy"), lab.state, lambda text: addresses.rewritten(text, *moved)
    )
