# SPDX-License-Identifier: Apache-2.0
"""Where two cores carry a whole firm, the more urgent activity goes first: steps for the others are lowered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.plugin_utils import _acting

ROOT = Path(__file__).parents[2]
PLAN = json.loads((ROOT / "tests/golden/atelier/expected/plan.json").read_text())
ALL = {"scope": {"groups": ["showcase", "drawings", "orders"]}}
SCRIPT = """
import os, sys
from ansible_collections.bascule.continuity.plugins.module_utils import machine_run
machine_run.give_way(int(sys.argv[1]))
print(os.nice(0))
"""


def of(group: str | None) -> dict[str, Any]:
    return {"gated": {"unit": {"group": group}}}


def test_who_is_behind_whom() -> None:
    found = [_acting._behind(ALL, PLAN, of(group)) for group in ("orders", "drawings", "showcase")]
    assert found == [0, 1, 2]
    assert _acting._behind({"scope": {"groups": ["showcase"]}}, PLAN, of("showcase")) == 0


def test_work_for_no_group_is_not_held_up() -> None:
    assert [_acting._behind(ALL, PLAN, about) for about in ({}, of(None), {"gated": None})] == [0, 0, 0]


@pytest.mark.parametrize(("behind", "lower"), [(0, 0), (1, 5), (2, 10), (9, 15)])
def test_lowered_by_a_step_for_each(behind: int, lower: int) -> None:
    own = os.nice(0)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".dev")}
    command = [sys.executable, "-c", SCRIPT, str(behind)]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
    assert int(said) == min(own + lower, 19)
