# SPDX-License-Identifier: Apache-2.0
"""What a way costs a year: its own part, and things that several share; each amount with its line of the price book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bascule.analysis.upkeep import YEAR_DAYS
from bascule.assumptions import UPKEEP_H
from bascule.choice.prices import Line, PriceBook
from bascule.choice.ways import ACCEPT, ELSEWHERE, OFFLINE, REBUILD, RESTORE, Way
from bascule.policy import Machine, Policy
from bascule.policy import System as Written
from bascule.predict import volume
from bascule.providers import provider
from bascule.values import DAY

GB = 1e9
# Ways whose copies lie in storage that is paid for by size; elsewhere a machine's own disks hold them.
_STORED = frozenset({RESTORE})
# Ways whose machine is made when it is needed and paid for on the days on which it serves.
_MADE = frozenset({REBUILD, OFFLINE, ELSEWHERE, RESTORE})


@dataclass(frozen=True)
class Cost:
    """One amount a year: what it is, how much of it, its price (None: nobody has written one), whether others share it
    (by the id of the shared thing), and whether it is only due on days at the standby.
    """

    what: str
    quantity: float
    unit: str
    line: Line | None
    shared: str | None = None
    active: bool = False
    assumed: bool = False

    @property
    def per_year(self) -> float | None:
        """The amount; None without a price."""
        return None if self.line is None else self.quantity * self.line.per_year

    @property
    def per_day(self) -> float:
        """What a day at the standby costs of it."""
        return self.quantity * self.line.per_day if self.line and self.active else 0.0


def costs_of(policy: Policy, book: PriceBook, written: Written, way: Way, days: float) -> tuple[Cost, ...]:
    """Given a policy, its prices, a system, one of its ways and the days a year that are spent at the standby, return
    what the way costs a year.
    """
    return tuple(_costs(policy, book, written, way, days)) if way.id != ACCEPT else ()


def _costs(policy: Policy, book: PriceBook, written: Written, way: Way, days: float) -> Iterator[Cost]:
    hours, said = book.upkeep_h.get(way.id), UPKEEP_H[way.id]
    yield Cost(
        "administration", said if hours is None else hours, "h", book.find("administration"), assumed=hours is None
    )
    machine = policy.machines[written.runs_on["standby"]]
    site = policy.sites[machine.site]
    if way.id in _STORED:
        stored = _stored_bytes(policy, written, way) / GB
        yield Cost("storage", round(stored, 3), "GB", book.find("storage", provider=site.provider))
    if way.id == OFFLINE:
        yield Cost("medium", 1, "", book.find("medium"), "medium")
    if way.id == ELSEWHERE or (way.protect and policy.copies):
        place = next(iter(policy.copies))
        yield Cost("place", 1, "", book.find("place", of=place), f"place:{place}")
    if way.runs:
        yield Cost("machine", 1, "", _price(policy, book, machine), f"machine:{machine.id}")
        yield from _resources(policy, book, machine)
    elif way.id in _MADE:
        share = days / YEAR_DAYS
        yield Cost(
            "machine_active", round(share, 6), "", _price(policy, book, machine), f"made:{machine.id}", active=True
        )


def _price(policy: Policy, book: PriceBook, machine: Machine) -> Line | None:
    kind = policy.sites[machine.site].provider
    return book.find("machine", provider=kind, size=provider(kind).sized(machine), of=machine.id)


def _resources(policy: Policy, book: PriceBook, machine: Machine) -> Iterator[Cost]:
    """Yield what a machine stands on, where that has a price: a host of several is paid for once."""
    for reach in machine.stands.needs:
        if reach.kind == "resource" and (line := book.find("resource", of=reach.id)) and line.of:
            yield Cost("resource", 1, "", line, f"resource:{reach.id}")


def _stored_bytes(policy: Policy, written: Written, way: Way) -> float:
    """Return what copies with history hold: the data, and what changes while they are kept."""
    data = volume(written, policy.machines[written.runs_on["standby"]])
    keep_s = max((item.keep_s or 0 for item in way.protect), default=0)
    return data.size_bytes + data.change_bytes_per_day * keep_s / DAY
