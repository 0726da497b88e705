# SPDX-License-Identifier: Apache-2.0
"""`--check` with each driver: what would happen is shown as simulated, and nothing is touched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from firm import Firm
from test_return import away

Make = Callable[..., Firm]
pytestmark = pytest.mark.slow
# What a driver may do although it only looks: these steps change nothing by themselves.
LOOKING = {"points", "status"}
# `make test` takes the driver that is run in need.
OTHERS = [pytest.param(name, marks=pytest.mark.full) for name in ("build", "status", "verify", "failback", "teardown")]
STRONG = {"done", "answering", "data_correct", "usable"}


def machines(made: Firm) -> dict[str, str]:
    """All files of all machines, but for what the doubles write down."""
    files = (path for path in made.root.rglob("*") if path.is_file() and path.name != "done.jsonl")
    return {str(path.relative_to(made.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def report(made: Firm) -> dict[str, Any]:
    newest = max((made.folder / "runs").glob("*/report.json"))
    return dict(json.loads(newest.read_text()))


@pytest.mark.parametrize("driver", ["activate", *OTHERS])
def test_nothing_is_touched_and_all_is_simulated(firm: Make, driver: str) -> None:
    made = away(firm()) if driver == "failback" else firm()
    before = machines(made)
    code, output = made.run(f"dr-{driver}.yml", "--check")
    assert code == 0, output
    assert "Traceback" not in output
    assert machines(made) == before
    assert {line["step"] for line in made.done()} <= LOOKING
    found = report(made)
    claimed = {entry["word"] for part in ("activities", "units") for entry in found.get(part, ())}
    # A status really looks; all else is only simulated.
    assert not claimed & STRONG or driver == "status", found
    assert "Simulation: nothing was touched." in output
    assert "This run reached its goal." not in output


def test_what_cannot_be_done_is_said_without_doing_it(firm: Make) -> None:
    made = firm(behave={"files": {"points": {"evidence": {"points": [], "lag_s": None}}}})
    before = machines(made)
    code, output = made.run("dr-activate.yml", "--check")
    assert code != 0, output
    assert "files" in output
    assert machines(made) == before
    assert Path(made.root / "files2").is_dir()
