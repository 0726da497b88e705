# SPDX-License-Identifier: Apache-2.0
"""The places and means of a policy: machines, sites, from where one looks and recovers, the switch, the secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bascule.dependence import ON_ITS_OWN, Stands
from bascule.estate_cloud import Cloud, Route53Switch

Names = Mapping[str, str]  # language to text; a name given as one text stands under the policy's language


@dataclass(frozen=True)
class Connection:
    """How a machine is reached: user, port, secret that holds the key, how one becomes root (``sudo``, ``none``)."""

    user: str
    port: int
    key: str
    become: str


@dataclass(frozen=True)
class Machine:
    """A machine; ``connection`` is the policy's, with what it overrides. ``via`` is the machine one passes through.

    Where a provider makes the machine, ``address`` may be None, and there is a ``size``, and an ``image``, a disk and a
    readiness where they were written. ``offers``: what it has for systems of a type, as JSON, checked by the schema.
    """

    id: str
    site: str
    address: str | None
    connection: Connection
    via: str | None
    host_key: str | None
    size: str | None
    image: str | None
    disk_bytes: int | None = None
    readiness: str | None = None
    restores_bytes_per_s: float | None = None
    stands: Stands = ON_ITS_OWN
    offers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """A place. ``network`` is the CIDR of its addresses, ``region`` the cloud's in which it is, if any; ``readiness``
    and ``cloud`` only where a provider builds it.
    """

    id: str
    name: Names | None
    provider: str
    network: str | None
    machines: Mapping[str, Machine]
    hazards: tuple[str, ...]
    distance_km: float | None
    region: str | None
    readiness: str | None
    cloud: Cloud | None = None
    stands: Stands = ON_ITS_OWN


@dataclass(frozen=True)
class Controller:
    """From where a recovery may be run: at a site, and on one of its machines when that is written."""

    id: str
    at: str
    machine: str | None


@dataclass(frozen=True)
class Observer:
    """A machine that asks whether activities are usable; its id is the machine's."""

    id: str
    every_s: int

    @property
    def machine(self) -> str:
        """The machine's id."""
        return self.id


@dataclass(frozen=True)
class ThirdPlace:
    """A machine at neither site that fetches the standby's copies; its id is the machine's."""

    id: str
    every_s: int | None
    keep_s: int | None

    @property
    def machine(self) -> str:
        """The machine's id."""
        return self.id


@dataclass(frozen=True)
class DnsSwitch:
    """Users are sent by dynamic update of a zone; ``names`` maps host names without the zone to systems."""

    server: str
    port: int
    zone: str
    key: str
    ttl_s: int
    names: Mapping[str, str]
    kind: Literal["dns"] = "dns"


@dataclass(frozen=True)
class ManualSwitch:
    """A person is told ``say`` and the observers are waited for, at most ``limit_s``."""

    say: str
    limit_s: int
    kind: Literal["manual"] = "manual"


NamedSwitch = DnsSwitch | Route53Switch
Switch = NamedSwitch | ManualSwitch


@dataclass(frozen=True)
class Secret:
    """Where a secret is resolved at run time: ``kind`` is file, env or vault; ``place`` the path or variable.

    ``held_by``: roles that have it too, away from the controllers.
    """

    id: str
    kind: str
    place: str
    held_by: tuple[str, ...] = ()
