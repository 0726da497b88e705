# SPDX-License-Identifier: Apache-2.0
"""Machines that are built in a region of AWS."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import islice
from typing import TypeVar

from bascule import policy
from bascule.cloud import holding_data, phases, readiness
from bascule.plan import Json, SecretRef, Site
from bascule.plan_cloud import Budget, Cloud, CloudMachine, Copies, Link, Peer, State, Subnet, Writer, Zone
from bascule.providers import Provider
from bascule.providers.aws_network import addresses, subnet_of, subnets
from bascule.providers.aws_tables import IMAGE, image, instance_type, zones
from bascule.systems import type_of

Known = TypeVar("Known")
STATE_URL = "file://~/.bascule/state"
_GIB = 2**30
# The system, its logs and the packages of the firm's roles; Debian's own image takes 2 of it.
_DISK_GIB = 20


def _site(written: policy.Policy, site: policy.Site) -> Site:
    if site.cloud is None or site.network is None or site.region is None:
        raise ValueError(f"the site {site.id} lacks what the schema demands")
    return Site("aws", site.network, _cloud(written, site, site.cloud, site.region, IPv4Network(site.network)))


def _cloud(written: policy.Policy, site: policy.Site, cloud: policy.Cloud, region: str, network: IPv4Network) -> Cloud:
    parts = zip(subnets(network).items(), zones(region), strict=True)
    return Cloud(
        region=region,
        network=str(network),
        subnets={name: Subnet(zone, str(part)) for (name, part), zone in parts},
        machines=_machines(written, site, network),
        link=_link(written, cloud.link) if cloud.link else None,
        admin=cloud.admin,
        access=_access(written, cloud),
        copies=None if cloud.keep_s is None else Copies(cloud.keep_s, _writer(cloud)),
        zone=_zone(written.switch),
        tags=dict(cloud.tags),
        budget=None if cloud.budget is None else Budget(cloud.budget, written.organisation.currency),
        state=State(cloud.state_url or STATE_URL, SecretRef(cloud.passphrase)),
    )


def _machines(written: policy.Policy, site: policy.Site, network: IPv4Network) -> dict[str, CloudMachine]:
    data, there, given = holding_data(written, site), phases(written, site), _addresses(site)
    on: dict[str, list[policy.System]] = {name: [] for name in site.machines}
    for system in written.systems.values():
        for name in dict.fromkeys(system.runs_on.values()):
            if name in on:
                on[name].append(system)
    return {
        name: CloudMachine(
            instance_type=_known(instance_type(machine.size or ""), name, "size"),
            image=_known(image(machine.image or IMAGE), name, "image"),
            subnet=subnet_of(network, IPv4Address(given[name])) or "a",
            address=given[name],
            disk_bytes=_disk_bytes(machine, on[name]),
            readiness=readiness(site, machine),
            runs_in=there[name],
            data=name in data,
            user=machine.connection.user,
            ports=_ports(written, on[name]),
        )
        for name, machine in site.machines.items()
    }


def _known(found: Known | None, machine: str, what: str) -> Known:
    if found is None:
        raise ValueError(f"the {what} of {machine} is not known, which a rule should have said")
    return found


def _addresses(site: policy.Site) -> dict[str, str]:
    written = {name: machine.address for name, machine in site.machines.items()}
    return addresses(IPv4Network(site.network or ""), written)


def _disk_bytes(machine: policy.Machine, systems: list[policy.System]) -> int:
    # Twice what the systems hold: the data, and their copies.
    held = _DISK_GIB * _GIB + 2 * sum(system.size_bytes or 0 for system in systems)
    return -(-(held if machine.disk_bytes is None else machine.disk_bytes) // _GIB) * _GIB


def _ports(written: policy.Policy, systems: list[policy.System]) -> tuple[int, ...]:
    taken: set[int] = set()
    for system in systems:
        kind = type_of(written, system)
        taken.update(kind.ports(kind.settings(written, system), taken))
    return tuple(sorted(taken))


def _link(written: policy.Policy, link: policy.Link) -> Link:
    inside = islice(IPv4Network(link.tunnel).hosts(), 1 + len(link.peers))
    address = str(next(inside))
    peers = {
        name: Peer(SecretRef(key), str(own), _carried(written, name), written.machines[name].site)
        for (name, key), own in zip(link.peers.items(), inside, strict=True)
    }
    return Link(link.through, SecretRef(link.key), link.port, link.tunnel, address, peers)


def _carried(written: policy.Policy, name: str) -> tuple[str, ...]:
    """The networks behind a peer: that of the primary, or its machines one by one where it has none."""
    site = written.sites[written.machines[name].site]
    if site.id != "primary":
        return ()
    return (site.network,) if site.network else tuple(f"{machine.address}/32" for machine in site.machines.values())


def _access(written: policy.Policy, cloud: policy.Cloud) -> Json | None:
    access, switch = cloud.access, written.switch
    if isinstance(access, policy.VpnAccess):
        return {"kind": "vpn", "network": access.network, "certificate": access.certificate}
    if isinstance(access, policy.PublicAccess) and isinstance(switch, policy.Route53Switch):
        host = access.name.removesuffix("." + switch.zone)
        system = written.systems[switch.names[host]]
        port = _ports(written, [system])[0]
        leads = {"machine": system.runs_on["standby"], "port": port}
        return {"kind": "public", "name": access.name, "certificate": access.certificate, **leads}
    return {"kind": "link"} if cloud.link else None


def _writer(cloud: policy.Cloud) -> Writer | None:
    who = cloud.writer
    return None if who is None else Writer(SecretRef(who.access_key), SecretRef(who.secret_key))


def _zone(switch: policy.Switch) -> Zone | None:
    if not isinstance(switch, policy.Route53Switch):
        return None
    return Zone(switch.zone, switch.zone_id, switch.ttl_s, {name: f"{name}.{switch.zone}" for name in switch.names})


def _sized(machine: policy.Machine) -> str | None:
    return instance_type(machine.size or "")


KIND = Provider(_site, _addresses, _sized, builds=True)
