# SPDX-License-Identifier: Apache-2.0
"""What a policy says of a site that is built in a cloud, beside its machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

LINK_PORT = 51820
TUNNEL = "10.98.255.0/28"


@dataclass(frozen=True)
class Link:
    """WireGuard that ends at the machine ``through``; ``peers`` maps machines to the secrets that hold their keys."""

    through: str
    key: str
    port: int
    tunnel: str
    peers: Mapping[str, str]


@dataclass(frozen=True)
class LinkAccess:
    """Users reach the site through the link."""

    kind: Literal["link"] = "link"


@dataclass(frozen=True)
class PublicAccess:
    """Users reach the site by a public name, with a certificate."""

    name: str
    certificate: str
    kind: Literal["public"] = "public"


@dataclass(frozen=True)
class VpnAccess:
    """Users reach the site by a VPN of the provider, from addresses of ``network``."""

    network: str
    certificate: str
    kind: Literal["vpn"] = "vpn"


Access = LinkAccess | PublicAccess | VpnAccess


@dataclass(frozen=True)
class Writer:
    """The secrets that hold the two halves of an access key, with which the office writes copies to the bucket."""

    access_key: str
    secret_key: str


@dataclass(frozen=True)
class Cloud:
    """What is built for a site. ``keep_s``: how long the bucket keeps copies, None without one; ``writer``: who writes
    to it from outside. ``state_url``: None where it was not written. ``passphrase`` is a secret.
    """

    link: Link | None
    admin: tuple[str, ...]
    access: Access | None
    keep_s: int | None
    tags: Mapping[str, str]
    budget: float | None
    state_url: str | None
    passphrase: str
    writer: Writer | None = None


@dataclass(frozen=True)
class Route53Switch:
    """Users are sent by a zone of Route 53; ``zone_id`` is None where the zone is made with the site."""

    zone: str
    zone_id: str | None
    ttl_s: int
    names: Mapping[str, str]
    kind: Literal["route53"] = "route53"
