# SPDX-License-Identifier: Apache-2.0
"""Hosts of virtual machines, as the plan has them: who imposes their deadline, and how full each would be."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from bascule_runtime.events import Event, Run
from bascule_runtime.lines import duration, paragraph

Say = Callable[[str], str]


def owed(run: Run) -> list[Event]:
    """One entry a host: `machine`, `imposed_by` (an activity), `through` (its guest), `within_s`, `guests`, and the
    parts of its memory and disks that are taken once all its guests run there: `memory_full`, `memory_minimum`,
    `disk_full`.
    """
    found: dict[str, Event] = {}
    for name in run.scope("system"):
        system = run.plan["systems"][name]
        for side, host in (system["settings"].get("hosts") or {}).items():
            found.setdefault(system["machines"][side], _entry(system["machines"][side], host))
    return list(found.values())


def _entry(machine: str, host: Mapping[str, Any]) -> Event:
    promised, imposed = host["promised"], host["imposed"] or {}

    def taken(level: str, what: str) -> float:
        return round(float(promised[level][what]) / float(host[what] or 1), 3)

    return {"machine": machine, "imposed_by": imposed.get("activity"), "through": imposed.get("guest"),
            "within_s": imposed.get("rto_s"), "guests": len(host["guests"]),
            "memory_full": taken("full", "memory_bytes"),
            "memory_minimum": taken("minimum", "memory_bytes"), "disk_full": taken("full", "disk_bytes")}


def part(report: Mapping[str, Any], say: Say, _language: str) -> list[str]:
    """Lines of the report, one paragraph a host."""
    lines = []
    for entry in report["hosts"]:
        who = f"{entry['imposed_by']} ({duration(entry['within_s'])}, {entry['through']})"
        who = who if entry["imposed_by"] else "–"
        memory = f"{entry['memory_full']:.0%}"
        if entry["memory_minimum"] != entry["memory_full"]:
            memory += f" ({say('minimum')}: {entry['memory_minimum']:.0%})"
        lines += paragraph(f"{entry['machine']}: {say('imposed_by')} {who}; {say('memory')} {memory}, "
                           f"{say('disks')} {entry['disk_full']:.0%}")
    return ["", f"{say('hosts')}:", *lines] if lines else []
