# SPDX-License-Identifier: Apache-2.0
"""Who may knock where: security groups, closed but for what is listed here.

- `inside`, on every machine: SSH from the site's network and from the other end of the link.
- `link`, on the machine with the public address: WireGuard from anywhere (it answers to nobody whom it does not know),
  SSH from `admin`. Without a link, `admin` may reach every machine.
- one a machine: the ports of its systems, from the site's network; those of replication from the other end of the link;
  those of users from where `access` says.
A drill's machines reach the site's network and the web (packages, copies), nothing else: a mail that a recovered system
wants to send does not leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from standby_aws.decisions.marks import Mark, mark
from standby_aws.decisions.network import ANYWHERE
from standby_aws.inputs import Situation
from standby_aws.naming import slug

SSH = 22
# Type of a system → the port of the first one on a machine at which its copies, here or on the way home, ask for it.
# Each further one has the next port.
REPLICATION = {"postgresql": 5432}
WEB = (80, 443)


@dataclass(frozen=True)
class Rule:
    """One opening. ``name`` is what it is for; ``protocol`` `-1` and no ports: everything."""

    name: str
    protocol: str
    port: int | None
    cidr: str


@dataclass(frozen=True)
class Group:
    """A security group."""

    mark: Mark
    description: str
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]


def groups(here: Situation) -> Mapping[str, Group]:
    """Return the security groups by their names: `inside`, `link`, and one a machine that is there."""
    found = {"inside": Group(mark(here, "inside"), "SSH from inside; the way out", _inside(here), _way_out(here))}
    if here.door:
        found["link"] = Group(mark(here, "link"), "The public address: link, administrators", _public(here), ())
    for name in here.running:
        rules = _ports(here, name)
        if rules:
            found[f"on-{name}"] = Group(mark(here, f"on-{name}", name), f"Systems on {name}", rules, ())
    return found


def of_machine(here: Situation, name: str) -> tuple[str, ...]:
    """Return the names of the groups that a machine is in."""
    wanted = ("inside", "link" if name == here.door else "", f"on-{name}")
    return tuple(group for group in wanted if group in groups(here))


def user_ports(here: Situation, name: str) -> tuple[int, ...]:
    """Return the ports of a machine at which users, not copies, ask for its systems."""
    return tuple(port for port in here.cloud["machines"][name]["ports"] if port not in _replicated(here, name))


def _inside(here: Situation) -> tuple[Rule, ...]:
    rules = [Rule("ssh-from-site", "tcp", SSH, here.cloud["network"])]
    rules += [Rule(f"ssh-from-{slug(network)}", "tcp", SSH, network) for network in here.beyond]
    if not here.cloud["link"]:
        rules += _administrators(here)
    return tuple(rules)


def _public(here: Situation) -> tuple[Rule, ...]:
    wireguard = [Rule("wireguard", "udp", here.cloud["link"]["port"], ANYWHERE)] if here.linked else []
    return (*wireguard, *_administrators(here))


def _administrators(here: Situation) -> list[Rule]:
    return [Rule(f"ssh-from-admin-{slug(network)}", "tcp", SSH, network) for network in here.cloud["admin"]]


def _way_out(here: Situation) -> tuple[Rule, ...]:
    if here.request.drill is None:
        return (Rule("anywhere", "-1", None, ANYWHERE),)
    return (
        Rule("within-site", "-1", None, here.cloud["network"]),
        *(Rule(f"web-{port}", "tcp", port, ANYWHERE) for port in WEB),
    )


def _ports(here: Situation, name: str) -> tuple[Rule, ...]:
    ports, replicated = here.cloud["machines"][name]["ports"], _replicated(here, name)
    by_link = (here.cloud["access"] or {}).get("kind") == "link"
    rules = [Rule(f"{port}-from-site", "tcp", port, here.cloud["network"]) for port in ports]
    rules += [
        Rule(f"{port}-from-{slug(network)}", "tcp", port, network)
        for port in ports
        if port in replicated or by_link
        for network in here.beyond
    ]
    return tuple(rules)


def _replicated(here: Situation, name: str) -> set[int]:
    on = [system["type"] for system in here.systems.values() if system["machines"]["standby"] == name]
    return {port for kind, first in REPLICATION.items() for port in range(first, first + on.count(kind))}
