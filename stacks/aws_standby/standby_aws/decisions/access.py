# SPDX-License-Identifier: Apache-2.0
"""How users reach the recovered systems: through the link (nothing to build), by a public name, or by a client VPN.

The way is there when what it leads to is there; in a drill it never is.
"""

from __future__ import annotations

from dataclasses import dataclass

from standby_aws.decisions.marks import Mark, mark
from standby_aws.inputs import Situation
from standby_aws.naming import short

# Longest name of a load balancer and of its targets.
_LONGEST = 32
OPEN_PORTS = (80, 443)


@dataclass(frozen=True)
class Public:
    """A load balancer with the certificate of ``host``, in front of one port of one machine."""

    mark: Mark
    name: str
    host: str
    certificate: str
    machine: str
    port: int


@dataclass(frozen=True)
class Vpn:
    """A client VPN: whoever has a certificate of the same authority reaches the site's network.

    The endpoint (its name is in users' configurations) costs nothing while it is ``joined`` to no subnet.
    """

    mark: Mark
    clients: str
    certificate: str
    network: str
    joined: bool


def access(here: Situation) -> Public | Vpn | None:
    """Return what is to be built for users."""
    wanted = here.cloud["access"]
    if wanted is None or here.request.drill or wanted["kind"] == "link":
        return None
    if wanted["kind"] == "vpn":
        return Vpn(
            mark(here, "users"),
            wanted["network"],
            wanted["certificate"],
            here.cloud["network"],
            here.request.phase == "activate",
        )
    machine = wanted["machine"]
    if machine not in here.running:
        return None
    name = short(f"{here.prefix}-users", _LONGEST)
    return Public(
        mark(here, "users", machine), name, wanted["name"], wanted["certificate"], machine, int(wanted["port"])
    )
