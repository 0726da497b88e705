# SPDX-License-Identifier: Apache-2.0
"""Trees of files."""

from __future__ import annotations

from collections.abc import Collection

from bascule import policy
from bascule.assumptions import SECONDS
from bascule.plan import Json, Part
from bascule.systems import SystemType


def _settings(written: policy.Policy, system: policy.System) -> Json:
    return {"paths": list(system.settings["paths"])}


def _keeps(settings: Json) -> bool:
    return True


def _start(settings: Json) -> tuple[Part, ...]:
    return (Part("settle", SECONDS["mount_files"], "default"),)


def _ports(settings: Json, taken: Collection[int]) -> tuple[int, ...]:
    return ()


TYPE = SystemType(_settings, _keeps, _start, _ports)
