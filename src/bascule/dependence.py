# SPDX-License-Identifier: Apache-2.0
"""What things stand on beside each other, as a policy says it: resources, people, alternatives, and who reacts when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reach:
    """One thing that something else touches or needs: ``kind`` is site, hazard, machine, system, account, supplier,
    resource, role or secret.
    """

    kind: str
    id: str


@dataclass(frozen=True)
class Enough:
    """Alternatives: so many of these are enough."""

    at_least: int
    of: tuple[Reach, ...]


@dataclass(frozen=True)
class Stands:
    """What something needs beside the systems that it names: all of ``needs``, of each of ``needs_any`` so many."""

    needs: tuple[Reach, ...] = ()
    needs_any: tuple[Enough, ...] = ()

    @property
    def alternatives(self) -> tuple[str, ...]:
        """The systems among the alternatives."""
        found = (one.id for any_ in self.needs_any for one in any_.of if one.kind == "system")
        return tuple(dict.fromkeys(found))


ON_ITS_OWN = Stands()


@dataclass(frozen=True)
class Line:
    """A line between two sites, bytes a second from the first to the second and back."""

    here: str
    there: str
    bytes_per_s: float
    back_bytes_per_s: float


@dataclass(frozen=True)
class Resource:
    """What machines and sites stand on: ``kind`` is host, power, link, storage, network or other; ``at`` its site."""

    id: str
    name: Mapping[str, str] | None
    kind: str
    at: str | None
    stands: Stands
    line: Line | None


@dataclass(frozen=True)
class Response:
    """How long it takes until somebody notices, and from then until somebody declares; None where it is not said."""

    notice_s: int | None = None
    decide_s: int | None = None


UNSAID = Response()
