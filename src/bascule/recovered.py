# SPDX-License-Identifier: Apache-2.0
"""What a policy says of systems, which are recovered, and of their copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bascule.dependence import ON_ITS_OWN, Stands
from bascule.estate import Names


@dataclass(frozen=True)
class Protection:
    """One way in which copies of a system's data are made. Keys that a method does not have are None."""

    by: str
    every_s: int | None
    archive_s: int | None
    full_every_s: int | None
    keep_s: int | None
    key: str | None


@dataclass(frozen=True)
class System:
    """What is recovered as one thing. ``settings``: the keys of its type as JSON, checked by the type's schema.
    ``inside``: the system that it runs inside, where ``runs_on`` names one; it then stands on the machines of that one.
    """

    id: str
    name: Names | None
    type: str
    runs_on: Mapping[str, str]
    needs: tuple[str, ...]
    consistent_with: tuple[str, ...]
    size_bytes: int | None
    change_bytes_per_day: int | None
    protect: tuple[Protection, ...]
    settings: Mapping[str, Any]
    stands: Stands = ON_ITS_OWN
    inside: str | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """Whose files, ports and units it shares: the machines that it runs on, or the system that it runs inside."""
        return (self.inside,) if self.inside else tuple(self.runs_on.values())

    @property
    def all_needs(self) -> tuple[str, ...]:
        """The systems that it needs, alternatives included: a recovery waits for all of them."""
        return tuple(dict.fromkeys((*self.needs, *self.stands.alternatives)))
