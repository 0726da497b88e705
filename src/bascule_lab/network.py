# SPDX-License-Identifier: Apache-2.0
"""The lab's wires: one namespace with a bridge for each site and a router, one namespace and cable for each machine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any

from bascule_lab import addresses, guard, hypervisors
from bascule_lab.errors import LabError
from bascule_lab.estate import Estate, Machine
from bascule_lab.host import Host
from bascule_lab.process import attempt, run

NETNS = Path("/run/netns")


def used_networks(lab: str) -> dict[str, IPv4Network]:
    """Where it is seen -> network, for all to which this computer has a route that is not this lab's."""
    used: dict[str, IPv4Network] = {}
    for route in json.loads(run(["ip", "-4", "-json", "route", "show", "table", "all"]) or "[]"):
        device = route.get("dev", "")
        if route["dst"] == "default" or device == addresses.uplink(lab):
            continue
        network = ip_network(route["dst"], strict=False)
        if isinstance(network, IPv4Network):
            kind = "another lab" if device.startswith("bl") else f"interface {device}"
            used[f"{kind}, route {route['dst']}"] = network
    return used


def install_guard(estate: Estate, public: IPv4Network | None) -> None:
    """Put the guard in place, before any machine or client. Raises LabError when it cannot be seen afterwards."""
    networks = [*estate.networks.values(), *([public] if public else [])]
    run(["nft", "-f", "-"], stdin=guard.host_table(estate.id, networks).encode())
    if not guard_up(estate.id):
        raise LabError("The guard that keeps packets of the lab on this computer could not be installed.")


def guard_up(lab: str) -> bool:
    """Whether the guard of a lab is in place (asked of nftables; needs root)."""
    return attempt(["nft", "list", "table", "inet", addresses.table(lab)]).returncode == 0


def build(host: Host, estate: Estate, chosen: Iterable[Machine], public: IPv4Network | None) -> set[str]:
    """Make what is missing of the lab's wires for the `chosen` machines and return those whose namespace is new.

    Wires that are there and whole stay as they are, so machines that run keep running. Raises LabError when the guard
    is not in place.
    """
    if not guard_up(estate.id):
        raise LabError("The guard is not in place, so the lab makes no network.")
    lab = estate.id
    if not alive(host, addresses.fabric(lab)):
        renew(host, addresses.fabric(lab))
        in_fabric(host, lab, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        # What neighbours send each other over a bridge is not the router's, whatever this computer does with bridges.
        in_fabric(host, lab, "sysctl", "-eqw", "net.bridge.bridge-nf-call-iptables=0")
        in_fabric(host, lab, "nft", "-f", "-", stdin=guard.router_table())
    outside = [public] if public else []
    build_sites(host, estate, outside)
    build_uplink(host, estate, [*estate.networks.values(), *outside])
    there = links(host, lab)
    fresh = set()
    for machine in (wired := list(chosen)):
        whole = addresses.port(machine.address) in there and alive(host, addresses.namespace(lab, machine.id))
        if not whole:
            wire(host, estate, machine)
            fresh.add(machine.id)
    into_bridges = [
        f"link set {addresses.port(machine.address)} master {addresses.bridge(estate.networks[machine.site])}"
        for machine in wired
    ]
    batch(host, ["-n", addresses.fabric(lab)], into_bridges)
    return fresh


def build_sites(host: Host, estate: Estate, outside: Iterable[IPv4Network]) -> None:
    """A bridge with the gateway's address for each site; packets for a network whose bridge is gone vanish there, and
    so do those for an address of the networks `outside` that nobody has."""
    there = links(host, estate.id)
    lines = ["link set lo up", "route replace prohibit default metric 9999"]
    lines += [f"route replace blackhole {network} metric 9999" for network in outside]
    for network in estate.networks.values():
        name, gate = addresses.bridge(network), gateway(estate, network)
        if name not in there:
            lines.append(f"link add {name} address {addresses.mac(gate)} type bridge")
            lines.append(f"addr add {gate}/{network.prefixlen} dev {name}")
        lines += [f"link set {name} up", f"route replace blackhole {network} metric 9999"]
    batch(host, ["-n", addresses.fabric(estate.id)], lines)


def gateway(estate: Estate, network: IPv4Network) -> Any:
    """The router's address in a network: the first one that no machine has."""
    return addresses.gateway(network, [machine.address for machine in estate.machines.values()])


def build_uplink(host: Host, estate: Estate, networks: Iterable[IPv4Network]) -> None:
    """The cable between this computer and the lab's router, and the routes to these networks over it."""
    lab, cable = estate.id, addresses.uplink(estate.id)
    if not Path("/sys/class/net", cable).exists() or guard.HOST_PORT not in links(host, lab):
        attempt(["ip", "link", "del", cable])
        attempt([*host.prefix(), "ip", "-n", addresses.fabric(lab), "link", "del", guard.HOST_PORT])
        host.inside(
            "ip", "link", "add", cable, "type", "veth", "peer", "name", guard.HOST_PORT, "netns", addresses.fabric(lab)
        )
    ends = f"address {guard.LAB_END} peer {guard.HOST_END}"
    batch(
        host,
        ["-n", addresses.fabric(lab)],
        [f"addr replace {ends.removeprefix('address ')} dev {guard.HOST_PORT}", f"link set {guard.HOST_PORT} up"],
    )
    lines = [f"addr replace {guard.HOST_END}/32 dev {cable}", f"link set {cable} up"]
    way = f"via {guard.LAB_END} dev {cable} src {guard.HOST_END} onlink"
    lines += [f"route replace {network} {way}" for network in networks]
    batch(host, [], lines)


def wire(host: Host, estate: Estate, machine: Machine) -> None:
    """A new namespace for a machine, its cable into the site's bridge, its address and its way out."""
    lab, space, port = estate.id, addresses.namespace(estate.id, machine.id), addresses.port(machine.address)
    network = estate.networks[machine.site] if machine.address in estate.networks[machine.site] else None
    if network is None:
        raise LabError(f"{machine.id} has {machine.address}, which is not in the network of site {machine.site}.")
    attempt([*host.prefix(), "ip", "-n", addresses.fabric(lab), "link", "del", port])
    renew(host, space)
    batch(
        host,
        ["-n", addresses.fabric(lab)],
        [
            f"link add {port} type veth peer name eth0 address {addresses.mac(machine.address)} netns {space}",
            f"link set {port} master {addresses.bridge(network)} up",
        ],
    )
    address = f"{machine.address}/{network.prefixlen}"
    own = [f"addr add {address} brd + dev eth0"]
    if machine.bridges:
        own = hypervisors.wires(machine.bridges, address, addresses.mac(machine.address))
        # Guests are neighbours of their host: no filter of this computer stands between them.
        host.inside("nsenter", f"--net={NETNS / space}", "sysctl", "-eqw", "net.bridge.bridge-nf-call-iptables=0")
    lines = ["link set lo up", *own, "link set eth0 up", f"route add default via {gateway(estate, network)}"]
    batch(host, ["-n", space], lines)


def plug(host: Host, estate: Estate, machines: Iterable[Machine], state: str) -> None:
    """Cables of these machines `up` or `down`, all of them in one go; an instance that is not made has none."""
    there = links(host, estate.id) if estate.built else {}
    chosen = [(addresses.port(machine.address), machine.site in estate.built) for machine in machines]
    lines = [f"link set {port} {state}" for port, made_later in chosen if port in there or not made_later]
    batch(host, ["-n", addresses.fabric(estate.id)], lines)


def set_apart(host: Host, lab: str, cloud: guard.Cloud) -> None:
    """Keep sites in a cloud apart from the firm's own, exactly as `cloud` says."""
    in_fabric(host, lab, "nft", "-f", "-", stdin=guard.apart(cloud))


def set_cuts(host: Host, estate: Estate, ways: Iterable[tuple[str, str]]) -> None:
    """Exactly these ways, from a site to another, are cut; this computer reaches all sites."""
    networks = [(estate.networks[one], estate.networks[other]) for one, other in ways]
    in_fabric(host, estate.id, "nft", "-f", "-", stdin=guard.cuts(networks))


def links(host: Host, lab: str) -> dict[str, bool]:
    """Interfaces of the lab's namespace: name -> whether it is switched on. Empty when the namespace is not there."""
    done = attempt([*host.prefix(), "ip", "-n", addresses.fabric(lab), "-json", "link"])
    if done.returncode:
        return {}
    return {link["ifname"]: "UP" in link["flags"] for link in json.loads(done.stdout or b"[]")}


def alive(host: Host, space: str) -> bool:
    """Whether a named namespace is there and can be entered (a name may be left over without one)."""
    return (NETNS / space).exists() and attempt([*host.prefix(), "ip", "-n", space, "link"]).returncode == 0


def renew(host: Host, space: str) -> None:
    """A fresh namespace of this name, whatever was there."""
    remove(host, space)
    host.inside("ip", "netns", "add", space)


def remove(host: Host, space: str) -> None:
    """Take away a named namespace, or the bare name that a dead one left."""
    if (NETNS / space).exists():
        attempt([*host.prefix(), "ip", "netns", "del", space])
        (NETNS / space).unlink(missing_ok=True)


def remove_machine(host: Host, lab: str, machine: str) -> None:
    """Take away the namespace of a machine; its cable goes with it."""
    remove(host, addresses.namespace(lab, machine))


def demolish(host: Host, lab: str) -> None:
    """Take away all wires of a lab, whatever policy made them, and the guard last."""
    own = addresses.fabric(lab)
    if NETNS.exists():
        for name in sorted(path.name for path in NETNS.iterdir()):
            if name == own or name.startswith(own + "-"):
                remove(host, name)
    attempt(["ip", "link", "del", addresses.uplink(lab)])
    attempt(["nft", "delete", "table", "inet", addresses.table(lab)])


def in_fabric(host: Host, lab: str, *argv: str, stdin: str = "") -> str:
    """Run a command in the lab's namespace; it must succeed."""
    return host.inside("nsenter", f"--net={NETNS / addresses.fabric(lab)}", *argv, stdin=stdin.encode())


def batch(host: Host, options: list[str], lines: list[str]) -> None:
    """Several `ip` commands in one process; each must succeed."""
    host.inside("ip", *options, "-batch", "-", stdin=("\n".join(lines) + "\n").encode())


def cabled(lab: str) -> bool:
    """Whether this computer has its cable to the lab."""
    return Path("/sys/class/net", addresses.uplink(lab)).exists()
