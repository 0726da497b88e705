# SPDX-License-Identifier: Apache-2.0
"""Machines of a site in a cloud: made, stopped, started and terminated as instances, by whoever builds the site."""

from __future__ import annotations

import hashlib
import re
import shutil
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from bascule_lab import files, guard, image, machines, network, publics
from bascule_lab.base import Lab
from bascule_lab.errors import USAGE, LabError
from bascule_lab.estate import Machine
from bascule_lab.process import say

NOTE = "instances.json"
IDENTITY = re.compile(r"i-[0-9a-f]{8,17}")
STOP_LIMIT_S = 60
There = dict[str, machines.Container]


def noted(lab: Lab) -> dict[str, dict[str, Any]]:
    """Machine -> what is known of the instance that it is: `instance`, `public` (or None), `stopped`, and `made`, once
    it was made to its end."""
    found: dict[str, dict[str, Any]] = lab.state.read_json(NOTE, {})
    return found


def create(lab: Lab, there: There, identity: str, name: str, address: str, user_data: Path, *, public: bool) -> str:
    """Make a machine that sets itself up from its user data, and start it; the same call again changes nothing.

    Returns its public address, or an empty text. Raises LabError when it is not the machine that the plan has there.
    """
    machine = buildable(lab, name)
    if str(machine.address) != address:
        raise LabError(f"{name} has the address {machine.address} in the plan, not {address}.", USAGE)
    if not IDENTITY.fullmatch(identity):
        raise LabError(f"{identity!r} is no identity of an instance, such as i-0123456789abcdef0.", USAGE)
    known = noted(lab).get(name)
    if known and known["made"] and name in there:
        if known["instance"] == identity:
            return known["public"] or ""
        raise LabError(f"{address} belongs to {name}, the instance {known['instance']}. Terminate that one first.")
    try:
        text = user_data.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"{user_data} cannot be read as user data: {error}.", USAGE) from None
    outside = str(publics.of(lab.state, name)) if public else None
    note(lab, name, {"instance": identity, "public": outside, "stopped": False, "made": False})
    lab.state.write(lab.state.path("instances", name), text)
    boot(lab, machine)
    note(lab, name, {**noted(lab)[name], "made": True})
    say(f"{name} starts as {identity}")
    return outside or ""


def buildable(lab: Lab, name: str) -> Machine:
    """The machine of that name. Raises LabError (2) when the plan has no such machine to be built."""
    machine = lab.estate.machines.get(name)
    if machine is None or machine.site not in lab.estate.built:
        built = [one.id for one in lab.estate.machines.values() if one.site in lab.estate.built]
        raise LabError(f"{name} is no machine that is built. Those that are: {', '.join(built) or 'none'}.", USAGE)
    return machine


def address(lab: Lab, name: str) -> str:
    """The public address that a machine has, or will have once it is made with one."""
    return str(publics.of(lab.state, buildable(lab, name).id))


def boot(lab: Lab, machine: Machine) -> None:
    """Lay the wires of a machine, make it anew and start it."""
    made = image.ensure(lab.host, lab.estate.packages)
    network.build(lab.host, lab.estate, [machine], publics.network(lab.state))
    network.plug(lab.host, lab.estate, [machine], "up")
    keep_apart(lab)
    own = noted(lab)[machine.id]
    laid = files.for_instance(own["instance"], machine, lab.state.path("instances", machine.id).read_text())
    spec = hashlib.sha256(own["instance"].encode()).hexdigest()[:16]
    hostname = "ip-" + str(machine.address).replace(".", "-")
    machines.create(lab.host, lab.estate, machine, made, spec, laid, hostname)
    machines.start(lab.host, lab.estate.id, [machine.id])


def stop(lab: Lab, there: There, identity: str) -> str:
    """Shut an instance down in good order; its disk and its addresses stay. Returns its state."""
    name = named(lab, identity)
    if there[name].state == "running":
        limit_s = STOP_LIMIT_S + 20
        lab.host.podman("stop", "-t", str(STOP_LIMIT_S), there[name].name, limit_s=limit_s)
    # Its namespace is still there, and with its cable in it would refuse connections where there must be silence.
    network.plug(lab.host, lab.estate, [lab.estate.machines[name]], "down")
    note(lab, name, {**noted(lab)[name], "stopped": True})
    return "stopped"


def start(lab: Lab, there: There, identity: str) -> str:
    """Start an instance that is off. Returns its state."""
    name = named(lab, identity)
    network.plug(lab.host, lab.estate, [lab.estate.machines[name]], "up")
    if there[name].state != "running":
        machines.start(lab.host, lab.estate.id, [name])
    note(lab, name, {**noted(lab)[name], "stopped": False})
    return "running"


def terminate(lab: Lab, there: There, identity: str) -> str:
    """Remove an instance with its disk and its wires; one that is not there is gone already. Returns its state."""
    for name in [name for name, own in noted(lab).items() if own["instance"] == identity]:
        machines.remove(lab.host, [there[name]] if name in there else [])
        network.remove_machine(lab.host, lab.estate.id, name)
        note(lab, name, None)
        for kept in (name, name + ".known_hosts"):
            lab.state.path("instances", kept).unlink(missing_ok=True)
        keep_apart(lab)
        say(f"{name} is gone")
    return "absent"


def renew(lab: Lab, there: There, name: str) -> None:
    """An instance whose disk was lost: the same one sets itself up again from its user data, with new host keys."""
    if name not in whole(lab, there):
        raise LabError(f"{name} is not made; that is done by whoever builds the site.")
    network.plug(lab.host, lab.estate, [lab.estate.machines[name]], "down")
    machines.remove(lab.host, [there[name]])
    boot(lab, lab.estate.machines[name])
    note(lab, name, {**noted(lab)[name], "stopped": False})
    say(f"replaced {name} by an empty machine that sets itself up again")


def known_hosts(lab: Lab, there: There, name: str) -> Path:
    """A file with the host keys of an instance as its console shows them. Raises LabError while it has none."""
    if name not in there or there[name].state != "running":
        raise LabError(f"{name} does not run.")
    said = lab.host.attempt_podman("exec", there[name].name, "sh", "-c", "cat /etc/ssh/ssh_host_*_key.pub")
    keys = [" ".join(line.split()[:2]) for line in said.stdout.decode(errors="replace").splitlines() if line.strip()]
    if not keys:
        raise LabError(f"{name} has no host keys yet: it is starting. Try again in some seconds.")
    path = lab.state.path("instances", name + ".known_hosts")
    return lab.state.write(path, "".join(f"{name} {key}\n" for key in keys))


def state(lab: Lab, there: There, identity: str) -> str:
    """`running`, `stopped` or `absent`; one that was killed is stopped."""
    name = next((name for name, own in noted(lab).items() if own["instance"] == identity), "")
    if name not in there:
        return "absent"
    return "running" if there[name].state in ("running", "paused") else "stopped"


def named(lab: Lab, identity: str) -> str:
    """The machine that an instance is. Raises LabError when there is none."""
    found = next((name for name, own in noted(lab).items() if own["instance"] == identity), None)
    if found is None:
        known = ", ".join(f"{own['instance']} ({name})" for name, own in noted(lab).items())
        raise LabError(f"There is no instance {identity}. There are: {known or 'none'}.")
    return found


def note(lab: Lab, name: str, what: dict[str, Any] | None) -> None:
    """Remember what a machine is now; None: it is no instance any more."""
    entries = {key: value for key, value in noted(lab).items() if key != name}
    lab.state.write_json(NOTE, entries | ({name: what} if what else {}))


def keep_apart(lab: Lab) -> None:
    """Bring the router's rules for sites in a cloud to what is there now."""
    outside = publics.network(lab.state)
    if not lab.estate.built or not outside:
        return
    sites = lab.estate.networks
    others = [net for site, net in sites.items() if site not in lab.estate.built]
    given = {name: own["public"] for name, own in noted(lab).items() if own["public"] and name in lab.estate.machines}
    public = {IPv4Address(text): lab.estate.machines[name] for name, text in given.items()}
    ports = lab.estate.tunnel_ports
    rules = guard.Cloud(
        built=tuple(net for site, net in sites.items() if site in lab.estate.built),
        others=tuple(others),
        public={address: machine.address for address, machine in public.items()},
        ports={address: ports[machine.id] for address, machine in public.items() if machine.id in ports},
        doors=publics.doors(outside, others),
        names=lab.estate.dns.address if lab.estate.dns else None,
    )
    network.set_apart(lab.host, lab.estate.id, rules)


def whole(lab: Lab, there: There) -> dict[str, Machine]:
    """Instances that `up` leaves as they are: those that the policy still has."""
    known = [name for name, own in noted(lab).items() if own["made"] and name in there]
    return {name: lab.estate.machines[name] for name in known if name in lab.estate.machines}


def rejoin(lab: Lab, there: There, rewired: set[str]) -> None:
    """At `up`: the router's rules, and those that ran with wires that are gone start again with the new ones."""
    keep_apart(lab)
    kept = whole(lab, there)
    lost = [name for name in kept if name in rewired and there[name].state == "running"]
    machines.kill(lab.host, [there[name] for name in lost])
    awake = [name for name in kept if name in lost or there[name].state == "running"]
    network.plug(lab.host, lab.estate, [kept[name] for name in awake], "up")
    asleep = [machine for name, machine in kept.items() if name not in awake]
    network.plug(lab.host, lab.estate, asleep, "down")
    if lost:
        machines.start(lab.host, lab.estate.id, lost)


def forget(lab: Lab) -> None:
    """Forget all instances: their machines were removed."""
    lab.state.path(NOTE).unlink(missing_ok=True)
    shutil.rmtree(lab.state.path("instances"), ignore_errors=True)
