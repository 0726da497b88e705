# SPDX-License-Identifier: Apache-2.0
"""One PostgreSQL cluster, recovered as a whole."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count

from bascule import policy
from bascule.plan import Json, Part
from bascule.systems import SystemType

_FIRST_PORT = 5432


def _settings(written: policy.Policy, system: policy.System) -> Json:
    return {"cluster": system.settings["cluster"]}


def _keeps(settings: Json) -> bool:
    return True


def _start(settings: Json) -> tuple[Part, ...]:
    # Its protections know whether it has to be started or is running already.
    return ()


def _ports(settings: Json, taken: Collection[int]) -> tuple[int, ...]:
    # Debian gives each cluster of a machine the next port.
    return (next(port for port in count(_FIRST_PORT) if port not in taken),)


TYPE = SystemType(_settings, _keeps, _start, _ports, ("streaming", "pgbackrest"))
