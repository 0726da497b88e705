# SPDX-License-Identifier: Apache-2.0
"""Returns in which a group cannot go home: it stays at the standby unhurt, and the others go."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from firm import Firm

Make = Callable[..., Firm]
pytestmark = pytest.mark.slow


def away(made: Firm) -> Firm:
    """Let the standby serve all groups, as markers say it."""
    groups = {"orders": (("db", "app"), ("db2", "app2")), "drawings": (("files",), ("files2",))}
    for group, (systems, machines) in groups.items():
        marker = {"group": group, "epoch": 1, "serving": "standby", "systems": systems, "run": "before", "at": 1.0}
        for machine in machines:
            folder = made.root / machine / "double/groups"
            folder.mkdir(parents=True)
            (folder / f"{group}.json").write_text(json.dumps(marker))
    return made


def done(made: Firm, step: str, **options: Any) -> set[tuple[str, str]]:
    """Systems and sides that a step was done for, with these options."""
    return {(line["system"], line["side"]) for line in made.done() if line["step"] == step
            and all(line["options"].get(key) == value for key, value in options.items())}  # fmt: skip


def words(made: Firm) -> dict[str, str]:
    newest = max((made.folder / "runs").glob("*/report.json"))
    return {entry["id"]: entry["word"] for entry in json.loads(newest.read_text())["activities"]}


@pytest.mark.full
def test_a_machine_that_lets_nobody_in_keeps_its_group(firm: Make) -> None:
    made = away(firm(deaf=("db1",)))
    code, output = made.run("dr-failback.yml")
    assert code == 2, output
    assert "db stays where it is: db1 answers and lets nobody in" in output
    assert "bascule trust db1 POLICY.yml" in output
    assert words(made)["drawings"] == "usable"
    assert words(made)["orders"] != "usable"
    # Nothing of the group was touched but for letting go of what an earlier run may have held.
    assert {system for step in ("prepare", "resync", "demote") for system, _side in done(made, step)} == {"files"}
    assert done(made, "recover") == {("db", "standby"), ("app", "standby"), ("files", "primary")}


@pytest.mark.full
def test_nothing_is_held_of_a_group_that_cannot_be_brought_back(firm: Make) -> None:
    made = away(firm(behave={"db": {"resync": {"fail": "The disk of db1 is full."}}}))
    code, output = made.run("dr-failback.yml")
    assert code == 2, output
    assert "The disk of db1 is full." in output
    assert "app stays at the standby: db could not be brought back" in output
    assert words(made)["drawings"] == "usable"
    assert {system for system, _side in done(made, "demote", mode="hold")} == {"files"}
    assert done(made, "recover") == {("db", "standby"), ("app", "standby"), ("files", "primary")}
    marker = json.loads((made.root / "db2/double/groups/orders.json").read_text())
    assert marker["serving"] == "standby"
