# SPDX-License-Identifier: Apache-2.0
"""A lab as all its commands see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bascule_lab import addresses
from bascule_lab.estate import Estate, Machine
from bascule_lab.host import Host
from bascule_lab.state import State

AT_ONCE = 4


@dataclass(frozen=True)
class Lab:
    """One lab: the computer, what the policy says, and the folder in which the lab remembers itself."""

    host: Host
    estate: Estate
    state: State

    def lock_name(self) -> str:
        """Commands that change the same lab wait for each other."""
        return lock_name(self.estate.id)


def lock_name(lab: str) -> str:
    """The name of a lab's lock."""
    return "lab-" + addresses.tag(lab)


def each(work: Callable[[Machine], None], chosen: Iterable[Machine]) -> None:
    """Do the same with several machines, a few at once; the first error is raised when all have ended."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(work, machine) for machine in chosen]:
            future.result()
