# SPDX-License-Identifier: Apache-2.0
"""Who provides the machines of a site. A provider is one module here, one folder of steps, one line in the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bascule import policy
from bascule.plan import Site
from bascule.registry import registered

KINDS = {
    "hosts": "bascule.providers.hosts:KIND",
}


@dataclass(frozen=True)
class Provider:
    """What a provider decides. ``site(written)``: what stands in the plan, total."""

    site: Callable[[policy.Site], Site]


def provider(name: str) -> Provider:
    """Given the name of a provider, return it. Raise UnknownKind when there is none."""
    found: Provider = registered(KINDS, name, "provider")
    return found
