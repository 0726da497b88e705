# SPDX-License-Identifier: Apache-2.0
"""`bascule plan`: the order of a recovery, how long it should take, what it should lose, what is built for it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bascule.commands import Outcome, policy_argument

if TYPE_CHECKING:
    from bascule.plan import Activity, Plan
    from bascule.plan_cloud import Cloud, CloudMachine


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    policy_argument(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Plan the policy."""
    from bascule import api
    from bascule.plan import to_json

    plan = api.plan(args.policy)
    return Outcome(_text(plan), to_json(plan))


def _text(plan: Plan) -> str:
    rows: list[tuple[str, ...]] = [
        ("activity", "expected time", "promised", "expected loss", "promised", "slowest part")
    ]
    rows += [_row(activity) for activity in plan.activities.values()]
    order = ["", "Order of recovery:"]
    for unit in plan.units:
        after = f"  after {', '.join(unit.after)}" if unit.after else ""
        order.append(f"  {unit.id}{after}")
    built = [line for name, site in plan.sites.items() if site.cloud for line in _built(name, site.cloud)]
    note = ["", "Expected figures are defaults and declared values; a run's report sets measured ones beside them."]
    return "\n".join([*_table(rows), *order, *built, *_chosen(plan), *note])


def _chosen(plan: Plan) -> list[str]:
    """Say why it is so, where the policy left it open."""
    choice = plan.firm.get("choice")
    if not choice:
        return []
    rows: list[tuple[str, ...]] = [("system", "chosen", "a year", "stops at most", "promised", "loses at most")]
    for name, one in choice["systems"].items():
        promised = _shown(one["rto_s"]) if one["rto_s"] is not None else "-"
        mark = "" if one["auto"] else " (as written)"
        rows.append(
            (name, one["way"] + mark, f"{one['outlay']:.0f}", _shown(one["stops_s"]), promised, _shown(one["loses_s"]))
        )
    proven = "proven: nothing cheaper keeps every promise" if choice["gap"] < 1e-6 else f"gap {choice['gap']:.2g}"
    total = f"All of it costs {choice['outlay']:.0f} {plan.policy.currency} a year, shared things once ({proven})."
    return [
        "",
        "Chosen, because it is the cheapest that keeps every promise:",
        *(f"  {line}" for line in _table(rows)),
        total,
    ]


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _built(site: str, cloud: Cloud) -> list[str]:
    rows: list[tuple[str, ...]] = [("machine", "type", "disk", "address", "before a disaster", "at an activation")]
    rows += [
        (name, item.instance_type, f"{item.disk_bytes // 2**30} GiB", item.address, *_when(item))
        for name, item in cloud.machines.items()
    ]
    head = f"The site {site} is built in {cloud.region}, {cloud.network}:"
    return ["", head, *(f"  {line}" for line in _table(rows))]


def _when(machine: CloudMachine) -> tuple[str, str]:
    return ("runs", "stays") if "protect" in machine.runs_in else ("is not there", "is built")


def _row(activity: Activity) -> tuple[str, ...]:
    rto, rpo = activity.predicted.rto, activity.predicted.rpo
    slowest = max(rto.parts, key=lambda part: part.seconds)
    return (
        activity.id,
        _against(rto.seconds, activity.target.rto_s),
        _shown(activity.target.rto_s),
        _against(rpo.seconds, activity.target.rpo_s),
        _shown(activity.target.rpo_s),
        f"{slowest.name} {_shown(slowest.seconds)} ({slowest.source})",
    )


def _against(expected: float, promised: float) -> str:
    return _shown(expected) + (" (too much)" if expected > promised else "")


def _shown(seconds: float) -> str:
    from bascule.values import duration_text

    return duration_text(round(seconds))
