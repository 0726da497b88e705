# SPDX-License-Identifier: Apache-2.0
"""Steer a lab that is up: take power and cables away, give them back, replace machines, look."""

from __future__ import annotations

import os
from typing import Any

from bascule_lab import addresses, image, instances, keys, machines, making, network
from bascule_lab import lab as life
from bascule_lab.base import Lab, each
from bascule_lab.errors import USAGE, LabError
from bascule_lab.estate import Machine
from bascule_lab.host import require_root
from bascule_lab.process import say

CUTS = "cuts.json"


def require_up(lab: Lab) -> dict[str, machines.Container]:
    """The lab's containers. Raises LabError when the lab is not up or its guard is missing."""
    if not network.guard_up(lab.estate.id) or not lab.host.ready():
        raise LabError(f"The lab {lab.estate.id} is not up. Run: bascule-lab up {lab.estate.policy}")
    return machines.all_of(lab.host, lab.estate.id)


def kill(lab: Lab, name: str) -> None:
    """A site or a machine dies: first all its cables in one go, so that it is silent at once, then the power."""
    there = require_up(lab)
    chosen = lab.estate.at(name)
    network.plug(lab.host, lab.estate, chosen, "down")
    machines.kill(lab.host, [there[machine.id] for machine in chosen if machine.id in there])
    say(f"killed {', '.join(machine.id for machine in chosen)}")


def pause(lab: Lab, name: str, *, hang: bool) -> None:
    """A site or a machine hangs: it takes connections and says nothing. Or it goes on as if nothing had been."""
    there = require_up(lab)
    chosen = lab.estate.at(name)
    machines.pause(lab.host, [there[machine.id] for machine in chosen if machine.id in there], hang=hang)
    say(f"{', '.join(machine.id for machine in chosen)} {'hangs' if hang else 'goes on'}")


def start(lab: Lab, name: str, *, unplugged: bool = False) -> None:
    """A site or a machine comes back with its disks. `unplugged`: with the cables still out."""
    there = require_up(lab)
    chosen = startable(lab, there, name)
    if not unplugged:
        network.plug(lab.host, lab.estate, chosen, "up")
    off = [machine.id for machine in chosen if there[machine.id].state != "running"]
    if off:
        making.start(lab, off)
    if not unplugged:
        each(making.refuse_deaf, chosen)
    say(f"started {', '.join(machine.id for machine in chosen) or 'nothing'}")


def startable(lab: Lab, there: dict[str, machines.Container], name: str) -> list[Machine]:
    """The machines that a name stands for, without instances of a site that are not made or were stopped on purpose.

    Raises LabError when one was never made."""
    known = instances.noted(lab)
    lost = [machine for machine in lab.estate.at(name) if machine.id not in there]
    for machine in lost:
        if machine.site not in lab.estate.built:
            raise LabError(f"{machine.id} was never made. Run: bascule-lab up {lab.estate.policy}")
        if machine.id == name:
            raise LabError(f"{name} is not made; that is done by whoever builds the site {machine.site}.")
    stopped = [one for one, own in known.items() if own["stopped"] and one != name]
    return [machine for machine in lab.estate.at(name) if machine not in lost and machine.id not in stopped]


def replace(lab: Lab, name: str, *, new_host_key: bool = False, seed: bool = False, suite: str = image.SUITE) -> None:
    """Put an empty machine at the place of one: same name and address, nothing of the old disk.

    `suite`: the Debian release that it has.
    """
    there = require_up(lab)
    if name not in lab.estate.machines:
        raise LabError(f"There is no machine {name!r}. Machines: {', '.join(lab.estate.machines)}.", USAGE)
    machine = lab.estate.machines[name]
    if machine.site in lab.estate.built:
        instances.renew(lab, there, name)
        return
    made = image.ensure(lab.host, lab.estate.packages, suite)
    network.plug(lab.host, lab.estate, [machine], "down")
    machines.remove(lab.host, [there[name]] if name in there else [])
    if new_host_key:
        keys.make_key(lab.state, lab.state.path("hostkeys", name), name)
        life.write_ssh_files(lab)
    network.plug(lab.host, lab.estate, [machine], "up")
    making.make(lab, [machine], made, seed=seed)
    say(f"replaced {name} by an empty machine")


def cut(lab: Lab, one: str, other: str, *, one_way: bool = False) -> None:
    """Two sites do not reach each other any more; this computer still reaches both. `one_way`: only what `one` sends to
    `other` is lost."""
    require_up(lab)
    for site in (one, other):
        if site not in lab.estate.networks:
            raise LabError(f"There is no site {site!r}. Sites: {', '.join(lab.estate.networks)}.", USAGE)
    if one == other:
        raise LabError("A site cannot be cut from itself; name two sites.", USAGE)
    ways = {(one, other)} if one_way else {(one, other), (other, one)}
    ways = {*current_cuts(lab), *ways}
    network.set_cuts(lab.host, lab.estate, sorted(ways))
    lab.state.write_json(CUTS, sorted(ways))
    say(f"cut the way from {one} to {other}" if one_way else f"cut {one} from {other}")


def heal(lab: Lab) -> None:
    """All sites reach each other again."""
    require_up(lab)
    network.set_cuts(lab.host, lab.estate, [])
    lab.state.write_json(CUTS, [])
    say("all sites reach each other")


def current_cuts(lab: Lab) -> list[tuple[str, str]]:
    """The ways that are cut, from a site to another; two sites that lost each other stand here twice."""
    return [(one, other) for one, other in lab.state.read_json(CUTS, [])]


def plug(lab: Lab, name: str, state: str) -> None:
    """Put in (`up`) or pull out (`down`) the network cables of a machine or of all machines of a site."""
    require_up(lab)
    network.plug(lab.host, lab.estate, lab.estate.at(name), state)
    say(f"{'plugged' if state == 'up' else 'unplugged'} {name}")


def status(lab: Lab) -> dict[str, Any]:
    """What is there: guard, sites, machines (`running`, `hangs`, `off`, `broken`, `missing`) and their cables, cuts."""
    guarded = network.guard_up(lab.estate.id)
    there = machines.all_of(lab.host, lab.estate.id) if lab.host.ready() else {}
    ports = network.links(lab.host, lab.estate.id) if lab.host.ready() else {}
    known = instances.noted(lab)
    rows = {}
    for machine in lab.estate.machines.values():
        cable = ports.get(addresses.port(machine.address))
        later = {key: known.get(machine.id, {}).get(key) for key in ("instance", "public")}
        rows[machine.id] = {
            "site": machine.site,
            "address": str(machine.address),
            "port": machine.port,
            "user": machine.user,
            "state": condition(there.get(machine.id)),
            "cable": {True: "in", False: "out", None: "missing"}[cable],
            **(later if machine.site in lab.estate.built else {}),
        }
    up = guarded and all(rows[name]["state"] != "missing" for name in lab.estate.standing)
    return {
        "lab": lab.estate.id,
        "policy": str(lab.estate.policy),
        "up": up,
        "guard": guarded,
        "sites": {site: str(net) for site, net in lab.estate.networks.items()},
        "machines": rows,
        "cuts": current_cuts(lab),
        "state": str(lab.state.folder),
        "ssh_config": str(lab.state.path("ssh_config")),
        "known_hosts": str(lab.state.path("known_hosts")),
    }


def condition(box: machines.Container | None) -> str:
    """One word for the condition of a machine."""
    if box is None:
        return "missing"
    if box.state == "running":
        return "running" if box.healthy else "broken"
    return "hangs" if box.state == "paused" else "off"


def ssh(lab: Lab, machine: str, command: list[str]) -> None:
    """Become an ssh to a machine, as the policy's user, with pinned host keys. Does not return."""
    refuse_unreachable(lab, machine)
    options: list[str] = []
    if lab.estate.machines[machine].site in lab.estate.built:
        require_root()  # its host key is read at its console, and told to nobody else
        options = ["-o", f"UserKnownHostsFile={instances.known_hosts(lab, require_up(lab), machine)}"]
    os.execvp("ssh", ["ssh", "-F", str(lab.state.path("ssh_config")), *options, machine, *command])


def refuse_unreachable(lab: Lab, machine: str) -> None:
    """Raise LabError when a name is no machine, or when no guard keeps packets for it on this computer."""
    if machine not in lab.estate.machines:
        raise LabError(f"There is no machine {machine!r}. Machines: {', '.join(lab.estate.machines)}.", USAGE)
    if (os.geteuid() == 0 and not network.guard_up(lab.estate.id)) or not network.cabled(lab.estate.id):
        raise LabError(f"The lab {lab.estate.id} is not up. Run: bascule-lab up {lab.estate.policy}")


def execute(lab: Lab, machine: str, command: list[str], terminal: bool) -> None:
    """Become a command on a machine's console, as root, network or not. Does not return."""
    there = require_up(lab)
    if machine not in lab.estate.machines:
        raise LabError(f"There is no machine {machine!r}. Machines: {', '.join(lab.estate.machines)}.", USAGE)
    if condition(there.get(machine)) != "running":
        raise LabError(f"{machine} does not run. Run: bascule-lab start {lab.estate.policy} {machine}")
    argv = [
        *lab.host.prefix(),
        "/usr/bin/podman",
        "exec",
        "-it" if terminal else "-i",
        addresses.container(lab.estate.id, machine),
        *command,
    ]
    os.execvp(argv[0], argv)
