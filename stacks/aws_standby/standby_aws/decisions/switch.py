# SPDX-License-Identifier: Apache-2.0
"""Names in Route 53. A record is made leading to the primary; from then on it belongs to the runs, which move it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from standby_aws.decisions.marks import Mark, mark
from standby_aws.inputs import Situation


@dataclass(frozen=True)
class Record:
    """A name in full, and the address that it is made with. ``machine``: which serves it here, when it is there."""

    mark: Mark
    fqdn: str
    address: str
    machine: str | None


@dataclass(frozen=True)
class Switch:
    """``id`` is None where the zone is made here."""

    mark: Mark
    zone: str
    id: str | None
    ttl_s: int
    records: Mapping[str, Record]


def switch(here: Situation) -> Switch | None:
    """Return the records to be made; none in a drill, whose users are nobody."""
    zone = here.cloud["zone"]
    if zone is None or here.request.drill:
        return None
    records = {name: _record(here, name, fqdn) for name, fqdn in zone["names"].items()}
    return Switch(mark(here, "zone"), zone["zone"], zone["id"], int(zone["ttl_s"]), records)


def _record(here: Situation, name: str, fqdn: str) -> Record:
    led = here.names[fqdn]
    machine = here.systems[led["system"]]["machines"]["standby"]
    there = machine if machine in here.running else None
    return Record(mark(here, f"name-{name}", there), fqdn, led["addresses"]["primary"], there)
