# SPDX-License-Identifier: Apache-2.0
"""The plan that lies beside the stack, for what its resources do not say: the budget."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

_STACK = Path(__file__).parents[2]


def plan() -> Mapping[str, Any] | None:
    """Return the plan that the stack is built from, as `__main__` of the stack finds it; None when there is none."""
    return _read(_STACK / (pulumi.Config("bascule").get("plan") or "../plan.json"))


@functools.cache
def _read(path: Path) -> Mapping[str, Any] | None:
    if not path.is_file():
        return None
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
