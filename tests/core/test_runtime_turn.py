# SPDX-License-Identifier: Apache-2.0
"""Groups come home one after the other, the most urgent first: none is held before those ahead of it are through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bascule_runtime import scope

PLAN = json.loads((Path(__file__).parents[1] / "golden/atelier/expected/plan.json").read_text())


def run(only: str = "", **more: Any) -> dict[str, Any]:
    about = scope.resolve(PLAN, only)
    return {"scope": {"units": about.units, "activities": about.activities, "groups": about.groups},
            "direction": "primary", **more}  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "waits"),
    [
        ("system.erp-db", ["system.erp"]),
        ("system.erp", []),
        ("system.documents", ["system.documents-web", "activity.orders"]),
        ("system.website-db", ["system.website", "activity.orders", "activity.drawings"]),
    ],
)
def test_who_is_before_whom(unit: str, waits: list[str]) -> None:
    assert scope.needs(PLAN, run(), unit, "turn") == waits


def test_urgency_decides_and_not_the_order_in_the_policy() -> None:
    plan = json.loads(json.dumps(PLAN))
    plan["activities"]["showcase"]["target"]["rto_s"] = 60
    assert scope.needs(plan, run(), "system.website", "turn") == []
    assert scope.needs(plan, run(), "system.erp", "turn") == ["activity.showcase"]


def test_what_is_not_in_the_run_is_not_waited_for() -> None:
    assert scope.needs(PLAN, run("showcase"), "system.website", "turn") == []


def test_a_rehearsal_holds_nothing_so_nothing_waits() -> None:
    assert scope.needs(PLAN, run(check=True), "system.website", "turn") == []
