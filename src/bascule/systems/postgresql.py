# SPDX-License-Identifier: Apache-2.0
"""One PostgreSQL cluster, recovered as a whole."""

from __future__ import annotations

from bascule import policy
from bascule.plan import Json, Part
from bascule.systems import SystemType


def _settings(system: policy.System) -> Json:
    return {"cluster": system.settings["cluster"]}


def _keeps(settings: Json) -> bool:
    return True


def _start(settings: Json) -> tuple[Part, ...]:
    # Its protections know whether it has to be started or is running already.
    return ()


TYPE = SystemType(_settings, _keeps, _start)
