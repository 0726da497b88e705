# SPDX-License-Identifier: Apache-2.0
"""The part of the Plan that is built in a cloud: what the stack reads. Total, as the rest of the plan is.

Names that end in ``_s`` are seconds, in ``_bytes`` bytes. What the policy has nothing of is None; a list or mapping is
empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PHASES = ("protect", "activate")


@dataclass(frozen=True)
class SecretRef:
    """A secret by its name in ``Plan.secrets``."""

    secret: str


@dataclass(frozen=True)
class Subnet:
    """A part of the site's network, in one zone of the region."""

    zone: str
    network: str


@dataclass(frozen=True)
class Image:
    """What a machine starts from: ``id``, or the newest that ``owner`` publishes under a name like ``name``."""

    id: str | None
    owner: str | None
    name: str | None


@dataclass(frozen=True)
class CloudMachine:
    """A machine that is built.

    ``runs_in``: the phases in which it is there. ``data``: whether it holds copies or the link, so that it must never
    be replaced carelessly. ``user``: who is made on it with the key of the connection. ``ports``: where its systems
    answer, beside SSH.
    """

    instance_type: str
    image: Image
    subnet: str
    address: str
    disk_bytes: int
    readiness: str
    runs_in: tuple[str, ...]
    data: bool
    user: str
    ports: tuple[int, ...]


@dataclass(frozen=True)
class Peer:
    """The other end of a tunnel: its machine has the name of the entry, ``at`` is its site.

    ``address`` is its own inside the tunnel; ``carries`` are the networks behind it, beside itself.
    """

    key: SecretRef
    address: str
    carries: tuple[str, ...]
    at: str


@dataclass(frozen=True)
class Link:
    """WireGuard: the machine ``through`` which it goes, its ``address`` inside the ``tunnel``, and the other ends."""

    through: str
    key: SecretRef
    port: int
    tunnel: str
    address: str
    peers: Mapping[str, Peer]


@dataclass(frozen=True)
class Writer:
    """The access key with which the office writes copies: made by a person, for the identity that the stack makes."""

    access_key: SecretRef
    secret_key: SecretRef


@dataclass(frozen=True)
class Copies:
    """A bucket for copies, each of which stays for ``keep_s``; ``writer``: who writes from outside, None for nobody."""

    keep_s: int
    writer: Writer | None = None


@dataclass(frozen=True)
class Zone:
    """A zone of Route 53: ``id`` is None where the stack makes it; ``names`` maps a name to the name in full."""

    zone: str
    id: str | None
    ttl_s: int
    names: Mapping[str, str]


@dataclass(frozen=True)
class Budget:
    """What the site may cost a month."""

    amount: float
    currency: str


@dataclass(frozen=True)
class State:
    """Where the engine keeps what it has built, and what it is encrypted with."""

    url: str
    passphrase: SecretRef


@dataclass(frozen=True)
class Cloud:
    """Everything that is built for a site. ``access``: how users reach it, by its ``kind`` (link, public, vpn)."""

    region: str
    network: str
    subnets: Mapping[str, Subnet]
    machines: Mapping[str, CloudMachine]
    link: Link | None
    admin: tuple[str, ...]
    access: Mapping[str, Any] | None
    copies: Copies | None
    zone: Zone | None
    tags: Mapping[str, str]
    budget: Budget | None
    state: State
