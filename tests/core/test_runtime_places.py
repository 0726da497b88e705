# SPDX-License-Identifier: Apache-2.0
"""Where copies are, and since when nothing would be left of a system if the site that serves were lost."""

from __future__ import annotations

from typing import Any

import pytest

from bascule_runtime import places, standing
from bascule_runtime.events import Run

NOW = 1_800_000_000.0
PLAN: dict[str, Any] = {
    "units": [{"id": "system.docs", "kind": "system", "subject": "docs", "after": []}],
    "systems": {
        "docs": {
            "id": "docs", "group": "g", "machines": {"primary": "one", "standby": "two"},
            "protections": [{"by": "restic"}], "predicted": {"rpo": {"seconds": 600}},
            "third": {"machine": "far", "rpo_s": 900.0},
        }
    },
}  # fmt: skip


def run(serving: str, standby_age: float | None, third_age: float | None, marker_at: float | None = None) -> Run:
    """A run of dr-status that found copies of these ages (seconds)."""
    points = [] if standby_age is None else [{"id": "a", "at": NOW - standby_age, "by": "restic", "bytes": 7}]
    third = {"place": "far", "newest_at": None, "age_s": None, "bytes": 0}
    if third_age is not None:
        third |= {"newest_at": NOW - third_age, "age_s": third_age, "bytes": 5}
    marker = {"g": {"serving": serving, "at": marker_at}} if marker_at else {}
    events = [
        {"t": NOW - 9, "event": "guard", "driver": "status", "started": NOW - 9, "serving": {"docs": serving},
         "scope": {"units": ["system.docs"]}, "reachable": {"far": True}},
        task("look", {"groups": marker}, machine="two"),
        task("points", {"points": points, "lag_s": standby_age}, unit="system.docs"),
        task("look", third, unit="system.docs"),
    ]  # fmt: skip
    return Run(PLAN, events)


def task(step: str, evidence: dict[str, Any], **where: str) -> dict[str, Any]:
    return {"t": NOW, "event": "task", "name": step, "phase": "status", "state": "ok", "began": NOW, "seconds": 0.0,
            "step": step, "evidence": evidence, **where}  # fmt: skip


@pytest.mark.parametrize(
    ("serving", "standby_age", "third_age", "since"),
    [
        ("primary", 60, 60, None),
        ("primary", 60, None, None),
        ("primary", None, 60, None),
        ("primary", 5000, 4000, NOW - 4000),
        # What is at the standby is lost with it, however young it is.
        ("standby", 5, 60, None),
        ("standby", 5, 4000, NOW - 4000),
        ("standby", 5, None, NOW - 86400),
    ],
)
def test_unprotected_since(
    serving: str, standby_age: float | None, third_age: float | None, since: float | None
) -> None:
    [entry] = standing.protected(run(serving, standby_age, third_age, marker_at=NOW - 86400))
    assert entry["unprotected_since"] == since


def test_with_no_copy_away_and_no_marker_the_run_itself_is_the_moment() -> None:
    [entry] = standing.protected(run("standby", 5, None))
    assert entry["unprotected_since"] == NOW - 9


def test_places_say_age_and_size_and_whether_they_survive() -> None:
    [entry] = standing.protected(run("standby", 5, 60))
    assert [(p["place"], p["at"], p["age_s"], p["bytes"], p["away"]) for p in entry["places"]] == [
        ("two", "standby", 5.0, 7, False), ("far", "third", 60, 5, True)
    ]  # fmt: skip


@pytest.mark.parametrize(("serving", "age"), [("primary", 5.0), ("standby", 60.0)])
def test_an_activation_now_would_take_what_is_left(serving: str, age: float) -> None:
    looked = run(serving, 5, 60)
    [entry] = standing.protected(looked)
    assert places.usable_s(looked, entry) == age


def test_a_bucket_survives_the_site_that_serves() -> None:
    for serving in ("primary", "standby"):
        found = run(serving, 5.0, None)
        system = {**PLAN["systems"]["docs"], "third": None, "protections": [{"by": "restic", "place": "bucket"}]}
        found.plan = {**PLAN, "systems": {"docs": system}}
        (docs,) = standing.protected(found)
        assert [(place["place"], place["away"]) for place in docs["places"]] == [("bucket", True)]
        assert (places.usable_s(found, docs), docs["unprotected_since"]) == (5.0, None)
