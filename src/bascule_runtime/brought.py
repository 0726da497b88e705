# SPDX-License-Identifier: Apache-2.0
"""What a way home had to move: for each system that was brought home as files, the bytes received beside its size."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from bascule_runtime.events import Event, Run
from bascule_runtime.lines import table
from bascule_runtime.places import size

Say = Callable[[str], str]


def home(run: Run) -> list[Event]:
    """One entry a system: `id`, `machine`, `passes`, `bytes` (received in all of them), `final_bytes` (in the last one,
    while nobody works; None when there was none) and `whole_bytes` (how much there is); empty for other drivers.
    """
    if run.driver != "failback":
        return []
    return [entry for name in run.scope("system") if (entry := _entry(run, name))]


def _entry(run: Run, name: str) -> Event:
    passes = [event for event in run.evidence(f"system.{name}", "resync") if "bytes" in event["evidence"]]
    if not passes:
        return {}
    newest = passes[0]["evidence"]
    return {"id": name, "machine": passes[0].get("machine"), "passes": len(passes),
            "bytes": sum(int(event["evidence"]["bytes"]) for event in passes),
            "final_bytes": int(newest["bytes"]) if newest.get("final") else None,
            "whole_bytes": newest.get("whole_bytes")}


def part(report: Mapping[str, Any], say: Say, _language: str) -> list[str]:
    """Lines of the report: a table with one line a system."""
    rows = [[entry["id"], size(entry["bytes"]), size(entry["final_bytes"]), size(entry["whole_bytes"])]
            for entry in report["brought_home"]]
    head = [say("brought_home"), say("received"), say("while_held"), say("whole")]
    return ["", *table([head, *rows])] if rows else []
