# SPDX-License-Identifier: Apache-2.0
"""A standby machine that was replaced learns who serves: else the next move would count anew and pass for an old one.

There is no systemd here, so a build ends with 2 at its observers; markers are written before that.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from ansible_collections.bascule.continuity.plugins.plugin_utils import _request
from firm import Firm

Make = Callable[..., Firm]
pytestmark = pytest.mark.slow
NEWEST = {"group": "orders", "epoch": 4, "serving": "primary", "systems": ["db", "app"], "run": "before", "at": 1.0}


def test_a_build_tells_a_new_machine_who_serves(firm: Make) -> None:
    made = firm()
    for machine in ("db1", "app1"):
        folder = made.root / machine / "double/groups"
        folder.mkdir(parents=True)
        (folder / "orders.json").write_text(json.dumps(NEWEST))
    _code, output = made.run("dr-build.yml")
    assert "Write down who serves" in output
    for machine in ("db2", "app2"):
        marker = json.loads((made.root / machine / "double/groups/orders.json").read_text())
        assert {key: marker[key] for key in ("epoch", "serving", "systems")} == {
            key: NEWEST[key] for key in ("epoch", "serving", "systems")
        }
    assert not (made.root / "files2/double/groups").exists()


def test_a_move_that_nobody_remembers_the_last_of_counts_higher() -> None:
    """Machines that a cloud made for the second disaster hold no marker, and the primary that does is away."""
    systems = {"db": {"machines": {"primary": "db1", "standby": "db2"}, "group": "orders"}}
    plan = {"groups": {"orders": {"systems": ["db"]}}, "systems": systems}
    held = {**NEWEST, "epoch": 1_700_000_000}
    run = {"direction": "standby", "started": 1_800_000_000.5}
    away = _request._epoch(plan, "orders", {"db2": {"groups": {}}}, run)
    assert away > held["epoch"]
    # A clock that was set back does not make it lower, and a run that goes on writes the same.
    late = {"direction": "standby", "started": 1.0}
    assert _request._epoch(plan, "orders", {"db1": {"groups": {"orders": held}}}, late) == held["epoch"] + 1
    assert (
        _request._epoch(plan, "orders", {"db1": {"groups": {"orders": held}}}, {**run, "direction": "primary"})
        == (held["epoch"])
    )
