# SPDX-License-Identifier: Apache-2.0
"""What a way home had to move, from the journal."""

from __future__ import annotations

from typing import Any

from bascule_runtime import brought, text
from bascule_runtime.events import Run

PLAN: dict[str, Any] = {
    "units": [{"id": f"system.{name}", "kind": "system", "subject": name, "after": []} for name in ("mail", "db")]
}


def journal(driver: str, *passes: dict[str, Any]) -> Run:
    guard = {
        "event": "guard",
        "t": 1.0,
        "driver": driver,
        "started": 1.0,
        "scope": {"units": ["system.mail", "system.db"], "activities": [], "groups": []},
    }
    tasks = [
        {"event": "task", "t": 2.0 + n, "state": "ok", "phase": "resync", "step": "resync", "machine": "host1", **entry}
        for n, entry in enumerate(passes)
    ]
    return Run(PLAN, [guard, *tasks])


def test_all_passes_are_counted_and_the_last_one_is_told_apart() -> None:
    run = journal(
        "failback",
        {"unit": "system.mail", "evidence": {"final": False, "bytes": 30_000_000, "whole_bytes": 2_000_000_000}},
        {"unit": "system.db", "evidence": {"durations_s": {"rewind": 2.0}}},
        {"unit": "system.mail", "evidence": {"final": True, "bytes": 500_000, "whole_bytes": 2_000_500_000}},
    )
    found = brought.home(run)
    assert found == [
        {
            "id": "mail",
            "machine": "host1",
            "passes": 2,
            "bytes": 30_500_000,
            "final_bytes": 500_000,
            "whole_bytes": 2_000_500_000,
        }
    ]
    lines = "\n".join(brought.part({"brought_home": found}, text.labels("fr"), "fr"))
    assert "mail" in lines
    assert "30.5 MB" in lines
    assert "2.0 GB" in lines


def test_a_last_pass_that_was_not_reached_is_unknown() -> None:
    run = journal("failback", {"unit": "system.mail", "evidence": {"final": False, "bytes": 7, "whole_bytes": 9}})
    assert brought.home(run)[0]["final_bytes"] is None


def test_only_a_way_home_tells_of_it() -> None:
    assert brought.home(journal("activate", {"unit": "system.mail", "evidence": {"bytes": 7}})) == []
