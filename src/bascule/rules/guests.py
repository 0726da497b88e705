# SPDX-License-Identifier: Apache-2.0
"""Virtual machines stand on hosts that can take them, and what runs inside them is recovered with them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from bascule import hosting
from bascule.diagnostics import Diagnostic, Path
from bascule.hypervisor import KEY
from bascule.policy import Policy, System
from bascule.protections.image import reading_s
from bascule.systems import system_type
from bascule.systems.vm import addresses
from bascule.values import duration_text

_IMAGE = "image"


def carried(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC381 for each system that runs inside something in which nothing can run."""
    for system in policy.systems.values():
        carrier = policy.systems.get(system.inside or "")
        if carrier is None:
            continue
        path = ("systems", system.id, "runs_on")
        if system_type(system.type).carries:
            what = f"`{system.id}` is a virtual machine, and one inside another is not recovered"
            yield policy.source.finding("BC381", path, what, "Name the hosts: `{primary: host1, standby: host2}`.")
        elif carrier.inside or system_type(carrier.type).carries is None:
            what = f"`{carrier.id}` is no virtual machine, so nothing runs inside it"
            fix = "Name a system of the type `vm`, or the machines: `{primary: …, standby: …}`."
            yield policy.source.finding("BC381", path, what, fix)


def hosted(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC383 for each virtual machine on a machine that is no host of virtual machines."""
    for system in hosting.guests(policy):
        for side, id_ in system.runs_on.items():
            machine = policy.machines.get(id_)
            if machine is None or machine.offers.get(KEY):
                continue
            what = f"`{id_}` does not say what it has for virtual machines"
            fix = (
                f"Add to `{id_}`: `{KEY}: {{memory: 64GiB, disk: 2TB, networks: {{office: br0}}, "
                "pools: {images: /var/lib/libvirt/images}}`."
            )
            yield policy.source.finding("BC383", ("systems", system.id, "runs_on", side), what, fix)


def copied_once(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC382 for each system inside a virtual machine that has copies of its own."""
    for system in policy.systems.values():
        if system.inside and (system.protect or "protect" in policy.source.data["systems"][system.id]):
            what = f"`{system.id}` runs inside `{system.inside}` and is recovered with it, so a second copy has no use"
            fix = f"Remove `protect`; let `{system.inside}` be copied as often as this needs."
            yield policy.source.finding("BC382", ("systems", system.id, "protect"), what, fix, key=True)


def mapped(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC384 for each network or folder of a host that the other host of its guests has no word for."""
    told = set()
    for system in hosting.guests(policy):
        pair = (system.runs_on["primary"], system.runs_on["standby"])
        for here, there in (pair, pair[::-1]):
            ours, theirs = hosting.host_of(policy, here), hosting.host_of(policy, there)
            if ours is None or theirs is None:
                continue
            for word, names, others in (
                ("networks", ours.networks, theirs.networks),
                ("pools", ours.pools, theirs.pools),
            ):
                for name in names:
                    if name in others or (here, there, word, name) in told:
                        continue
                    told.add((here, there, word, name))
                    what = f"`{there}` has nothing that is called `{name}`, and guests of `{here}` are to run there"
                    listed = ", ".join(f"`{one}`" for one in others)
                    fix = f"Add `{name}` to the `{word}` of `{there}` (there is {listed}), or remove it here."
                    yield policy.source.finding("BC384", (*_host_path(policy, here), word, name), what, fix, key=True)


def _host_path(policy: Policy, machine: str) -> Path:
    return ("sites", policy.machines[machine].site, "machines", machine, KEY)


def _hosts(policy: Policy) -> Iterator[tuple[str, str, list[System]]]:
    """Yield each host with the side at which it serves and the guests that it then has, all at once."""
    for side in ("primary", "standby"):
        machines = dict.fromkeys(system.runs_on[side] for system in hosting.guests(policy))
        yield from ((machine, side, hosting.guests_on(policy, machine, side)) for machine in machines)


def room(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC385 and BC386 for hosts without the memory or the disk that all their guests need at once, and BC387
    where these start with their minimum.
    """
    for machine, _side, found in _hosts(policy):
        host = hosting.host_of(policy, machine)
        if host is None:
            continue
        path, many = _host_path(policy, machine), f"{len(found)} guest{'s' if len(found) > 1 else ''}"
        full, least = hosting.load(found, hosting.FULL), hosting.load(found, hosting.MINIMUM)
        if least.memory_bytes > host.memory_bytes:
            what = f"{many} at once need {_amount(least.memory_bytes)} of memory, `{machine}` has "
            what += f"{_amount(host.memory_bytes)}"
            fix = "Let some of them stand elsewhere, write a `minimum` with which they still work, or add memory."
            yield policy.source.finding("BC385", (*path, "memory"), what, fix)
        elif full.memory_bytes > host.memory_bytes:
            what = f"{many} at once have no room with their full memory ({_amount(full.memory_bytes)}), so each is "
            what += f"started with its `minimum` ({_amount(least.memory_bytes)})"
            fix = "Nothing need be done when the activities can work with that; their `mbco` says so."
            yield policy.source.finding("BC387", (*path, "memory"), what, fix, severity="warning")
        if full.disk_bytes > host.disk_bytes:
            what = f"the images of {many} take {_amount(full.disk_bytes)}, `{machine}` has {_amount(host.disk_bytes)}"
            fix = (
                "Let some of them stand elsewhere, remove `ready` where a restore is quick enough, or add disks."
            )
            yield policy.source.finding("BC386", (*path, "disk"), what, fix)


def _amount(size: int) -> str:
    return f"{size / 2**30:.1f}GiB".replace(".0GiB", "GiB")


def minimum_is_less(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC388 for each minimum that is not less than the full level."""
    for system in hosting.guests(policy):
        least, full = (hosting.memory_bytes(system, level) for level in (hosting.MINIMUM, hosting.FULL))
        if "minimum" in system.settings and least >= full:
            what = "the minimum is not less than the guest's `memory`"
            fix = "Write less, or remove `minimum`."
            yield policy.source.finding("BC388", ("systems", system.id, "minimum", "memory"), what, fix)


def once_on_a_host(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC389 for each guest of a host that two systems have."""
    owners: dict[tuple[str, str], str] = {}
    for system in hosting.guests(policy):
        name, told = str(system.settings.get("guest", system.id)), False
        for machine in system.runs_on.values():
            owner = owners.setdefault((machine, name), system.id)
            if owner != system.id and not told:
                told = True
                what = f"the guest `{name}` on `{machine}` is the system `{owner}` already"
                fix = "Write one system for each guest; what runs inside it are systems with `runs_on` its id."
                yield policy.source.finding("BC389", ("systems", system.id, "guest"), what, fix, key=True)


def read_in_time(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC390 for each copy of whole disks that takes longer than the time from one to the next."""
    for system in hosting.guests(policy):
        for i, copy in enumerate(system.protect):
            takes_s = reading_s(system.size_bytes)
            if copy.by == _IMAGE and copy.every_s and takes_s > copy.every_s:
                every, takes = duration_text(copy.every_s), duration_text(round(takes_s))
                what = f"reading the disks of `{system.id}` takes about {takes}, and a copy is due every {every}"
                fix = f"Write `by: changed-blocks` with `full_every: 7d`, or copy less often than every {takes}."
                yield policy.source.finding("BC390", ("systems", system.id, "protect", i, "every"), what, fix)


def addresses_fit(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC331 for each address of a guest that something else has, BC335 for each outside its site's network."""
    owners = {machine.address: machine.id for machine in policy.machines.values() if machine.address}
    for system in hosting.guests(policy):
        by_side = isinstance(system.settings["address"], dict)
        for side, address in addresses(policy, system).items():
            path: Path = ("systems", system.id, "address", *((side,) if by_side else ()))
            owner = owners.setdefault(address, system.id)
            if owner != system.id and (by_side or side == "primary"):
                what = f"`{owner}` has the address {address} too"
                yield policy.source.finding("BC331", path, what, "Give each guest the address that it really has.")
            network = policy.sites[policy.machines[system.runs_on[side]].site].network
            # An address that is kept is foreign at the other site; who keeps it carries the network there.
            if (
                (by_side or side == "primary")
                and network
                and ip_address(address) not in ip_network(network, strict=False)
            ):
                what = f"{address} is not in the network {network} of the site `{side}`"
                yield policy.source.finding("BC335", path, what, "Correct the address or the site's `network`.")
