# SPDX-License-Identifier: Apache-2.0
"""Build what a policy says of a site in a cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bascule.estate_cloud import (
    LINK_PORT,
    TUNNEL,
    Access,
    Cloud,
    Link,
    LinkAccess,
    PublicAccess,
    Route53Switch,
    VpnAccess,
    Writer,
)
from bascule.values import duration_s

Json = Mapping[str, Any]


def cloud(data: Json) -> Cloud:
    """Given a site that is built, of the right shape, return what is built beside its machines."""
    return Cloud(
        link=_link(data["link"]) if "link" in data else None,
        admin=tuple(data.get("admin", ())),
        access=_access(data["access"]) if "access" in data else None,
        keep_s=duration_s(data["copies"]["keep"]) if "copies" in data else None,
        tags=dict(data.get("tags", {})),
        budget=data.get("budget"),
        state_url=data["state"].get("url"),
        passphrase=data["state"]["passphrase"]["secret"],
        writer=_writer(data.get("copies", {})),
    )


def route53(data: Json) -> Route53Switch:
    """Given the switch ``route53`` of the right shape, return it."""
    return Route53Switch(data["zone"], data.get("zone_id"), duration_s(data["ttl"]), dict(data["names"]))


def _writer(copies: Json) -> Writer | None:
    if "writer" not in copies:
        return None
    return Writer(copies["writer"]["access_key"]["secret"], copies["writer"]["secret_key"]["secret"])


def _link(data: Json) -> Link:
    peers = {name: below["key"]["secret"] for name, below in data["peers"].items()}
    tunnel = data.get("tunnel", TUNNEL)
    return Link(data["through"], data["key"]["secret"], data.get("port", LINK_PORT), tunnel, peers)


def _access(data: Json) -> Access:
    if "public" in data:
        return PublicAccess(**data["public"])
    return VpnAccess(**data["vpn"]) if "vpn" in data else LinkAccess()
