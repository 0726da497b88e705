# SPDX-License-Identifier: Apache-2.0
"""Plan to `checks.json`: what the checks ask of the machines, the systems and the activities."""

from __future__ import annotations

from typing import Any

from bascule.codec import encode
from bascule.plan import Activity, Plan, System

SCHEMA = "bascule/checks/v1"


def checks(plan: Plan) -> dict[str, Any]:
    """Given a plan, return what `checks.json` holds, under `schemas/checks/v1.schema.json`."""
    return {
        "schema": SCHEMA,
        "policy": {"id": plan.policy.id, "digest": plan.policy.digest},
        "machines": _machines(plan),
        "systems": {name: _system(system) for name, system in plan.systems.items()},
        "activities": {name: _activity(activity) for name, activity in plan.activities.items()},
        "observers": [{"id": name, **encode(observer)} for name, observer in plan.observers.items()],
    }


def _machines(plan: Plan) -> dict[str, Any]:
    entries: dict[str, Any] = {
        name: {"site": machine.site, "address": machine.address, "systems": []}
        for name, machine in plan.machines.items()
    }
    for system in plan.systems.values():
        for name in dict.fromkeys(system.machines.values()):
            entries[name]["systems"].append(system.id)
    return entries


def _system(system: System) -> dict[str, Any]:
    wanted = ("type", "group", "machines", "addresses", "settings", "protections")
    return {key: encode(getattr(system, key)) for key in wanted}


def _activity(activity: Activity) -> dict[str, Any]:
    return {key: encode(getattr(activity, key)) for key in ("name", "group", "systems", "usable_when")}
