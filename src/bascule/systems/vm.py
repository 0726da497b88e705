# SPDX-License-Identifier: Apache-2.0
"""Whole virtual machines, on hosts of virtual machines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

from bascule import hosting, policy
from bascule.assumptions import SECONDS
from bascule.codec import encode
from bascule.plan import SIDES, Json, Part
from bascule.systems import SystemType
from bascule.systems.service import answers


def addresses(written: policy.Policy, system: policy.System) -> Mapping[str, str]:
    """Given a policy and one of its virtual machines, return where the guest answers, by side."""
    said = system.settings["address"]
    return dict(said) if isinstance(said, Mapping) else {side: str(said) for side in SIDES}


def _settings(written: policy.Policy, system: policy.System) -> Json:
    said, hosts = system.settings, {side: _host(written, system, side) for side in SIDES}
    return {
        "guest": said.get("guest", system.id),
        "keeps_address": not isinstance(said["address"], Mapping),
        "levels": {side: _level(written, system, side) for side in SIDES},
        "ready": bool(said.get("ready", False)),
        "answers": answers(said.get("answers") or {}),
        "hosts": hosts,
        # By the side that is to serve, and the one at which a definition was made: what that one calls a network or a
        # folder, and what this one calls it. The same name may mean another thing at each.
        "mapping": {
            here: {
                there: {word: _renamed(hosts[there][word], hosts[here][word]) for word in ("networks", "pools")}
                for there in SIDES
            }
            for here in SIDES
        },
        "prefix": {side: _prefix(written, system, side) for side in SIDES},
        "inside": [one.id for one in written.systems.values() if one.inside == system.id],
    }


def _host(written: policy.Policy, system: policy.System, side: str) -> Json:
    machine = written.machines[system.runs_on[side]]
    found = hosting.guests_on(written, machine.id, side)
    return {
        **encode(hosting.host_of(written, machine.id)),
        "address": machine.address,
        "guests": [one.id for one in found],
        "promised": {level: encode(hosting.load(found, level)) for level in (hosting.FULL, hosting.MINIMUM)},
        "imposed": encode(hosting.imposed(written, found)),
    }


def _level(written: policy.Policy, system: policy.System, side: str) -> Json:
    level = hosting.level_on(written, system.runs_on[side], side)
    lowered = system.settings.get(hosting.MINIMUM, {}) if level == hosting.MINIMUM else {}
    memory = hosting.memory_bytes(system, level)
    return {"level": level, "memory_bytes": memory, "vcpus": lowered.get("vcpus", system.settings.get("vcpus"))}


def _renamed(theirs: Mapping[str, str], ours: Mapping[str, str]) -> Json:
    return {name: ours[word] for word, name in theirs.items() if word in ours}


def _prefix(written: policy.Policy, system: policy.System, side: str) -> int | None:
    network = written.sites[written.machines[system.runs_on[side]].site].network
    return int(network.rpartition("/")[2]) if network else None


def _keeps(settings: Json) -> bool:
    return "within" not in settings


def _start(settings: Json) -> tuple[Part, ...]:
    return (Part("define", SECONDS["define_guest"], "default"), Part("boot", SECONDS["boot_guest"], "default"))


def _ports(settings: Json, taken: Collection[int]) -> tuple[int, ...]:
    # It answers at an address of its own.
    return ()


def _within(kind: SystemType, written: policy.Policy, system: policy.System) -> Json:
    """Return what the steps need of a system that runs inside a guest: how one sees that it came back with it."""
    carrier = written.systems[system.inside or ""]
    return {
        "within": carrier.id,
        "type": system.type,
        "guest": carrier.settings.get("guest", carrier.id),
        "answers": kind.settings(written, system).get("answers"),
    }


def _addresses_within(written: policy.Policy, system: policy.System) -> Mapping[str, str]:
    return addresses(written, written.systems[system.inside or ""])


def _carries(kind: SystemType) -> SystemType:
    return replace(
        kind,
        settings=partial(_within, kind),
        keeps=_keeps,
        ports=_ports,
        copied_by=(),
        configured=False,
        addresses=_addresses_within,
    )


TYPE = SystemType(_settings, _keeps, _start, _ports, ("image", "changed-blocks"), addresses=addresses, carries=_carries)
