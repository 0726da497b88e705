# SPDX-License-Identifier: Apache-2.0
"""All decisions together: the situation to what is built. Pure; the components only do what stands here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from standby_aws.decisions import access, compute, copies, data, doors, link, network, switch, watch
from standby_aws.inputs import Situation


@dataclass(frozen=True)
class Blueprint:
    """What is built. None: nothing of that kind. ``notes``: what people should know before they say yes."""

    here: Situation
    network: network.Network
    doors: Mapping[str, doors.Group]
    data: data.Data
    copies: copies.Copies | None
    compute: compute.Compute
    link: link.Link | None
    access: access.Public | access.Vpn | None
    watch: watch.Watch | None
    switch: switch.Switch | None
    notes: tuple[str, ...]


def decide(here: Situation) -> Blueprint:
    """Given the situation, return what is built."""
    return Blueprint(
        here,
        network.network(here),
        doors.groups(here),
        data.data(here),
        copies.copies(here),
        compute.compute(here),
        link.link(here),
        access.access(here),
        watch.watch(here),
        switch.switch(here),
        watch.notes(here),
    )
