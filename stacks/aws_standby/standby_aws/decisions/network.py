# SPDX-License-Identifier: Apache-2.0
"""The network: two zones, one way out for all. What lies beyond the link is reached by the link's machine.

Each machine has a public address of its own as its way out (packages, copies): a NAT gateway would cost more than a
small machine. Nothing comes in by it, since the security groups are closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from standby_aws.decisions.marks import Mark, mark
from standby_aws.inputs import Situation

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Subnet:
    """A part of the network in one zone."""

    mark: Mark
    zone: str
    cidr: str


@dataclass(frozen=True)
class Network:
    """The network of the site; ``subnets`` by their names in the plan."""

    mark: Mark
    cidr: str
    subnets: Mapping[str, Subnet]
    gateway: Mark
    routes: Mark


def network(here: Situation) -> Network:
    """Return the network to be built."""
    subnets = {
        name: Subnet(mark(here, f"subnet-{name}"), one["zone"], one["network"])
        for name, one in here.cloud["subnets"].items()
    }
    return Network(mark(here, "network"), here.cloud["network"], subnets, mark(here, "gateway"), mark(here, "routes"))
