# SPDX-License-Identifier: Apache-2.0
"""The link: a public address for the machine at which tunnels end, and routes to what lies beyond them.

The tunnels themselves are made on the machines, when these are there; their keys are never seen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from standby_aws.decisions.marks import Mark, mark
from standby_aws.inputs import Situation


@dataclass(frozen=True)
class Link:
    """``port`` is None where nothing is linked (a drill). ``beyond``: the networks that the machine carries."""

    mark: Mark
    machine: str
    port: int | None
    beyond: tuple[str, ...]


def link(here: Situation) -> Link | None:
    """Return the link to be built, None when its machine is not there."""
    if here.door is None:
        return None
    port = here.cloud["link"]["port"] if here.linked else None
    return Link(mark(here, "address", here.door), here.door, port, here.beyond)
