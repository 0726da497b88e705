# SPDX-License-Identifier: Apache-2.0
"""What of a plan is built in a cloud, and in which phase it is there."""

from __future__ import annotations

from typing import Any

PROTECT, ACTIVATE = "protect", "activate"
Plan = dict[str, Any]


def sites(plan: Plan) -> dict[str, Any]:
    """Sites that are built, with what the plan says of them (its key `cloud`)."""
    return {name: site["cloud"] for name, site in (plan.get("sites") or {}).items() if site.get("cloud")}


def machines(plan: Plan) -> dict[str, Any]:
    """Machines that are built, with what the plan says of them, in the plan's order."""
    found = {name: entry for cloud in sites(plan).values() for name, entry in cloud["machines"].items()}
    return {name: found[name] for name in plan["machines"] if name in found}


def only_activated(plan: Plan) -> frozenset[str]:
    """Machines that are not there before an activation: nobody misses them until then."""
    return frozenset(name for name, entry in machines(plan).items() if PROTECT not in entry["runs_in"])


def absent(plan: Plan, run: dict[str, Any]) -> list[str]:
    """Machines that do not answer in this run and need not be there by the plan."""
    away = only_activated(plan)
    return sorted(name for name, answers in (run.get("reachable") or {}).items() if not answers and name in away)
