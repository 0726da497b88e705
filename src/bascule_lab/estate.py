# SPDX-License-Identifier: Apache-2.0
"""What the lab reads of a policy and of the `lab.yml` beside it: sites, machines, secrets, the name server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from bascule_lab import lab_file
from bascule_lab.addresses import moved, site_networks
from bascule_lab.errors import USAGE, LabError
from bascule_lab.lab_file import read_yaml

DNS_MACHINE = "dns"
DNS_SITE = "name-server"
_IDENTIFIER = re.compile(r"[a-z][a-z0-9-]{0,62}")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Machine:
    """One machine of the lab. `key` names the policy's secret that opens it, or is None."""

    id: str
    site: str
    address: IPv4Address
    user: str = "root"
    port: int = 22
    key: str | None = None


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
    """A policy as the lab sees it. `secrets` maps a name to one of `{"file": …}`, `{"env": …}`, `{"vault": …}`."""

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
    addresses = machine_addresses(policy)
    server = name_server_address(policy)
    given = {site: str(entry["network"]) for site, entry in policy["sites"].items() if (entry or {}).get("network")}
    before = networks_as_written(given, addresses, server)
    networks = moved_sites(before, lab.addresses)
    moves = moved_machines(before, networks, addresses, server)
    machines = read_machines(policy, moves)
    dns = read_name_server(policy, machines, moves)
    if dns and dns.machine not in machines:
        site = next(site for site, network in networks.items() if dns.address in network)
        machines[dns.machine] = Machine(dns.machine, site, dns.address)
    strangers = sorted({*lab.seed, *lab.cache} - set(machines))
    if strangers:
        raise LabError(f"lab.yml names {', '.join(strangers)}, which is no machine of the policy.", USAGE)
    return Estate(
        id=own_id,
        policy=path,
        networks=networks,
        machines=machines,
        dns=dns,
        secrets={name: dict(entry) for name, entry in (policy.get("secrets") or {}).items()},
        packages=lab.packages,
        seed=lab.seed,
        cache=lab.cache,
        moved=moves,
        moved_networks={before[site]: networks[site] for site in networks if before[site] != networks[site]},
    )


def identity(path: Path) -> str:
    """The id of a policy, which is also the name of its lab. Raises LabError (2)."""
    organisation = read_yaml(path).get("organisation")
    found = str(organisation.get("id")) if isinstance(organisation, dict) else ""
    if not _IDENTIFIER.fullmatch(found):
        raise LabError(f"{path} has no usable `organisation: id:`; write small letters, digits and dashes.", USAGE)
    return found


def machine_addresses(policy: dict[str, Any]) -> dict[str, dict[str, IPv4Address]]:
    """Site -> machine -> address as the policy says. Raises LabError (2) for a machine without an address."""
    if not isinstance(policy.get("sites"), dict) or not isinstance(policy.get("organisation"), dict):
        raise LabError("The policy needs `organisation:` and `sites:`; `bascule check` says what is missing.", USAGE)
    found: dict[str, dict[str, IPv4Address]] = {}
    for site, entry in policy["sites"].items():
        found[site] = {}
        for name, machine in ((entry or {}).get("machines") or {}).items():
            text = (machine or {}).get("address")
            if not text:
                raise LabError(f"Machine {name} has no `address:`; the lab rehearses machines with addresses.", USAGE)
            found[site][name] = ipv4(text, f"machine {name}")
    return found


def ipv4(text: object, whose: str) -> IPv4Address:
    """An IPv4 address. Raises LabError (2) naming whose it was."""
    try:
        return IPv4Address(str(text))
    except ValueError:
        raise LabError(f"The address {text!r} of {whose} is not an IPv4 address; the lab needs one.", USAGE) from None


def name_server_address(policy: dict[str, Any]) -> IPv4Address | None:
    """The address of the server of `switch: dns`, or None."""
    dns = (policy.get("switch") or {}).get("dns")
    return ipv4(dns["server"], "the name server") if dns else None


def networks_as_written(
    given: Mapping[str, str], addresses: Mapping[str, Mapping[str, IPv4Address]], server: IPv4Address | None
) -> dict[str, IPv4Network]:
    """Site -> network, as the policy has it; the name server gets a site of its own when it is in none of them."""
    everyone = {site: list(machines.values()) for site, machines in addresses.items()}
    networks = site_networks({site: found for site, found in everyone.items() if found or site in given}, given)
    if server is not None and not any(server in network for network in networks.values()):
        networks |= site_networks({DNS_SITE: [server]}, {})
    return networks


def moved_sites(networks: Mapping[str, IPv4Network], wishes: Mapping[str, str]) -> dict[str, IPv4Network]:
    """Site -> network in the lab, with those of `lab.yml` in place of the policy's."""
    unknown = set(wishes) - set(networks)
    if unknown:
        raise LabError(f"lab.yml moves {', '.join(sorted(unknown))}, which is no site of the policy.", USAGE)
    return site_networks(
        {site: [] for site in networks}, {site: str(net) for site, net in networks.items()} | dict(wishes)
    )


def moved_machines(
    before: Mapping[str, IPv4Network],
    after: Mapping[str, IPv4Network],
    addresses: Mapping[str, Mapping[str, IPv4Address]],
    server: IPv4Address | None,
) -> dict[IPv4Address, IPv4Address]:
    """Old address -> new address, for each machine (and the name server) of a site that `lab.yml` moves."""
    people = [address for machines in addresses.values() for address in machines.values()]
    people += [server] if server else []
    return {
        address: moved(address, before[site], after[site])
        for site in before
        if before[site] != after[site]
        for address in people
        if address in before[site]
    }


def read_machines(policy: dict[str, Any], moves: Mapping[IPv4Address, IPv4Address]) -> dict[str, Machine]:
    """All machines of the policy by id, with what `connection:` and their own entry say."""
    machines: dict[str, Machine] = {}
    for site, entry in policy["sites"].items():
        for name, own in ((entry or {}).get("machines") or {}).items():
            how = {**(policy.get("connection") or {}), **own}
            address = IPv4Address(str(own["address"]))
            key = (how.get("key") or {}).get("secret")
            if not _IDENTIFIER.fullmatch(str(name)) or not _USER.fullmatch(str(how.get("user", "root"))):
                raise LabError(f"The name or the user of machine {name!r} has signs that a lab cannot use.", USAGE)
            machines[name] = Machine(
                name, site, moves.get(address, address), str(how.get("user", "root")), int(how.get("port", 22)), key
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
        primary = ((policy.get("systems") or {}).get(system) or {}).get("runs_on", {}).get("primary")
        if primary in machines:
            names[name] = machines[primary].address
    zone = str(dns["zone"]).rstrip(".")
    own = DNS_MACHINE if DNS_MACHINE not in machines else DNS_SITE
    key = (dns.get("key") or {}).get("secret")
    return NameServer(at_policy or own, address, zone, key, seconds(dns.get("ttl", "60s")), names)


def seconds(text: object) -> int:
    """A duration like `60s`, `15m`, `4h`, `2d` in seconds; a bare number is seconds."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    word = str(text).strip()
    try:
        return int(word[:-1]) * units[word[-1]] if word[-1:] in units else int(word)
    except ValueError:
        raise LabError(f"{word!r} is not a duration; write for example 60s, 15m or 4h.", USAGE) from None
