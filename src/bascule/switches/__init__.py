# SPDX-License-Identifier: Apache-2.0
"""How users are sent to the site that serves. A switch is one module, one folder of steps, one line in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bascule.plan import Json, Part
from bascule.registry import registered

KINDS = {
    "dns": "bascule.switches.dns:KIND",
    "manual": "bascule.switches.manual:KIND",
    "route53": "bascule.switches.route53:KIND",
}


@dataclass(frozen=True)
class Switch:
    """What a switch decides, from what was written.

    ``entry``: what stands in the plan, total. ``names``: system of each name that users type. ``fqdn``: a name in full.
    ``parts(entry)``: what switching takes.
    """

    entry: Callable[[Any], Json]
    names: Callable[[Any], Mapping[str, str]]
    fqdn: Callable[[Any, str], str]
    parts: Callable[[Json], tuple[Part, ...]]


def switch(kind: str) -> Switch:
    """Given the kind of a switch, return it. Raise UnknownKind when there is none."""
    found: Switch = registered(KINDS, kind, "switch")
    return found
