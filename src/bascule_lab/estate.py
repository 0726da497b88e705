# SPDX-License-Identifier: Apache-2.0
"""What the lab reads of a policy and of the `lab.yml` beside it: sites, machines, secrets, the name server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from bascule_lab import cloud, hypervisors, lab_file
from bascule_lab.errors import USAGE, LabError
from bascule_lab.lab_file import Guest, read_yaml
from bascule_lab.state import State
from bascule_lab.written import (
    DNS_SITE,
    machine_addresses,
    moved_machines,
    moved_sites,
    name_server_address,
    networks_as_written,
)

DNS_MACHINE = "dns"
_IDENTIFIER = re.compile(r"[a-z][a-z0-9-]{0,62}")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Machine:
    """One machine of the lab. `key` names the policy's secret that opens it, or is None; one that runs guests has
    `bridges` for them."""

    id: str
    site: str
    address: IPv4Address
    user: str = "root"
    port: int = 22
    key: str | None = None
    bridges: tuple[str, ...] = ()


@dataclass(frozen=True)
class NameServer:
    """The server of `switch: dns`: the machine that is it, the zone, and where each name points at first."""

    machine: str
    address: IPv4Address
    zone: str
    key: str | None
    ttl_s: int
    names: Mapping[str, IPv4Address] = field(default_factory=dict)


@dataclass(frozen=True)
class Estate:
    """A policy as the lab sees it. `secrets` maps a name to one of `{"file": …}`, `{"env": …}`, `{"vault": …}`;
    `tunnel_keys` are those that are keys of WireGuard, `tunnel_ports` says where tunnels end (machine -> port).
    Machines of the sites in `built` are made by `instance`."""

    id: str
    policy: Path
    networks: Mapping[str, IPv4Network]
    machines: Mapping[str, Machine]
    dns: NameServer | None
    secrets: Mapping[str, Mapping[str, str]]
    packages: tuple[str, ...] = ()
    seed: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    cache: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    moved: Mapping[IPv4Address, IPv4Address] = field(default_factory=dict)
    moved_networks: Mapping[IPv4Network, IPv4Network] = field(default_factory=dict)
    built: tuple[str, ...] = ()
    tunnel_keys: frozenset[str] = frozenset()
    tunnel_ports: Mapping[str, int] = field(default_factory=dict)
    guests: tuple[Guest, ...] = ()
    guest_packages: tuple[str, ...] = ()

    @property
    def standing(self) -> dict[str, Machine]:
        """The machines that exist for as long as the lab is up."""
        return {name: machine for name, machine in self.machines.items() if machine.site not in self.built}

    def at(self, name: str) -> list[Machine]:
        """The machines that a site's or a machine's name stands for. Raises LabError (2) when there is none."""
        found = [machine for machine in self.machines.values() if name in (machine.site, machine.id)]
        if not found:
            sites = ", ".join(self.networks)
            raise LabError(
                f"There is no site or machine {name!r}. Sites: {sites}; machines: {', '.join(self.machines)}.", USAGE
            )
        return found


def load(path: Path) -> Estate:
    """Read a policy and the `lab.yml` beside it.

    Raises LabError (2) with a plain sentence when a file is not there or lacks what the lab needs.
    """
    path = path.resolve()  # seeds are named from the policy's folder, wherever the command was typed
    policy = read_yaml(path)
    own_id = identity(path)
    lab = lab_file.read(path)
    addresses = machine_addresses(policy, path, State(own_id))
    server = name_server_address(policy)
    given = {site: str(entry["network"]) for site, entry in policy["sites"].items() if (entry or {}).get("network")}
    before = networks_as_written(given, addresses, server)
    networks = moved_sites(before, lab.addresses)
    moves = moved_machines(before, networks, addresses, server)
    machines = read_machines(policy, addresses, moves)
    built = cloud.sites(policy)
    dns = read_name_server(policy, machines, moves)
    if dns and dns.machine not in machines:
        site = next(site for site, network in networks.items() if dns.address in network)
        machines[dns.machine] = Machine(dns.machine, site, dns.address)
    _refuse_strangers(lab, {name for name, own in machines.items() if own.site not in built})
    return Estate(
        id=own_id,
        policy=path,
        networks=networks,
        machines=machines,
        dns=dns,
        secrets={name: dict(entry) for name, entry in (policy.get("secrets") or {}).items()},
        packages=tuple(sorted({*lab.packages, *_packages(policy)})),
        seed=lab.seed,
        cache=lab.cache,
        moved=moves,
        moved_networks={before[site]: networks[site] for site in networks if before[site] != networks[site]},
        built=built,
        tunnel_keys=cloud.tunnel_keys(policy),
        tunnel_ports=cloud.tunnel_ports(policy),
        guests=lab.guests,
        guest_packages=lab.guest_packages,
    )


def _refuse_strangers(lab: lab_file.LabFile, there: set[str]) -> None:
    strangers = sorted({*lab.seed, *lab.cache, *(guest.host for guest in lab.guests)} - there)
    if strangers:
        raise LabError(f"lab.yml names {', '.join(strangers)}, which is no machine that exists from the start.", USAGE)


def _packages(policy: dict[str, Any]) -> tuple[str, ...]:
    """What kinds of machines of a policy need in the image."""
    sites = [(entry or {}).get("machines") or {} for entry in policy["sites"].values()]
    machines = [own or {} for site in sites for own in site.values()]
    hosts = hypervisors.PACKAGES if any(map(hypervisors.is_one, machines)) else ()
    return (*(cloud.PACKAGES if cloud.sites(policy) else ()), *hosts)


def identity(path: Path) -> str:
    """The id of a policy, which is also the name of its lab. Raises LabError (2)."""
    organisation = read_yaml(path).get("organisation")
    found = str(organisation.get("id")) if isinstance(organisation, dict) else ""
    if not _IDENTIFIER.fullmatch(found):
        raise LabError(f"{path} has no usable `organisation: id:`; write small letters, digits and dashes.", USAGE)
    return found


def read_machines(
    policy: dict[str, Any],
    addresses: Mapping[str, Mapping[str, IPv4Address]],
    moves: Mapping[IPv4Address, IPv4Address],
) -> dict[str, Machine]:
    """All machines of the policy by id, with what `connection:` and their own entry say."""
    machines: dict[str, Machine] = {}
    for site, entry in policy["sites"].items():
        for name, own in ((entry or {}).get("machines") or {}).items():
            how = {**(policy.get("connection") or {}), **(own or {})}
            address = addresses[site][name]
            key = (how.get("key") or {}).get("secret")
            if not _IDENTIFIER.fullmatch(str(name)) or not _USER.fullmatch(str(how.get("user", "root"))):
                raise LabError(f"The name or the user of machine {name!r} has signs that a lab cannot use.", USAGE)
            machines[name] = Machine(
                name,
                site,
                moves.get(address, address),
                str(how.get("user", "root")),
                int(how.get("port", 22)),
                key,
                hypervisors.bridges(own or {}),
            )
    return machines


def read_name_server(
    policy: dict[str, Any],
    machines: Mapping[str, Machine],
    moves: Mapping[IPv4Address, IPv4Address],
) -> NameServer | None:
    """The server of `switch: dns`; its names point at the primary's machines at first."""
    address = name_server_address(policy)
    if address is None:
        return None
    dns = policy["switch"]["dns"]
    address = moves.get(address, address)
    at_policy = next((machine.id for machine in machines.values() if machine.address == address), None)
    names: dict[str, IPv4Address] = {}
    for name, system in (dns.get("names") or {}).items():
        found = _answers_at(policy.get("systems") or {}, system, machines, moves)
        if found is not None:
            names[name] = found
    zone = str(dns["zone"]).rstrip(".")
    own = DNS_MACHINE if DNS_MACHINE not in machines else DNS_SITE
    key = (dns.get("key") or {}).get("secret")
    return NameServer(at_policy or own, address, zone, key, seconds(dns.get("ttl", "60s")), names)


def _answers_at(
    systems: dict[str, Any], name: str, machines: Mapping[str, Machine], moves: Mapping[IPv4Address, IPv4Address]
) -> IPv4Address | None:
    """Where a system answers at the primary: on its machine, or at the address of the guest that it is or is inside."""
    system = systems.get(name) or {}
    where = system.get("runs_on") or {}
    if isinstance(where, str):
        return _answers_at(systems, where, machines, moves) if where != name else None
    said = system.get("address")
    if said:
        guest = IPv4Address(said if isinstance(said, str) else said["primary"])
        return moves.get(guest, guest)
    return machines[where["primary"]].address if where.get("primary") in machines else None


def seconds(text: object) -> int:
    """A duration like `60s`, `15m`, `4h`, `2d` in seconds; a bare number is seconds."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    word = str(text).strip()
    try:
        return int(word[:-1]) * units[word[-1]] if word[-1:] in units else int(word)
    except ValueError:
        raise LabError(f"{word!r} is not a duration; write for example 60s, 15m or 4h.", USAGE) from None
