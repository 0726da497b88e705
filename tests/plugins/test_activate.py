# SPDX-License-Identifier: Apache-2.0
"""Whole activations with real ansible-playbook processes; systems and machines are doubles."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from conftest import ended
from firm import PATIENCE_S, Firm

Make = Callable[..., Firm]
pytestmark = pytest.mark.slow


def report(firm: Firm) -> dict[str, Any]:
    newest = max((firm.folder / "runs").glob("*/report.json"), key=lambda path: path.stat().st_mtime_ns)
    return dict(json.loads(newest.read_text()))


def words(firm: Firm) -> dict[str, str]:
    return {entry["id"]: entry["word"] for entry in report(firm)["activities"]}


def first(firm: Firm, system: str, step: str) -> dict[str, Any]:
    return next(line for line in firm.done() if line["system"] == system and line["step"] == step)


def test_whole_cycle_there_and_back(firm: Make) -> None:
    made = firm()
    code, output = made.run("dr-activate.yml")
    assert code == 0, output
    assert words(made) == {"orders": "usable", "drawings": "usable"}
    assert "s3cr3t-of-the-double" not in output
    assert all(line["secret"] == (line["system"] != "app") for line in made.done())
    assert first(made, "app", "demote")["ended"] <= first(made, "db", "demote")["began"]
    assert first(made, "db", "recover")["ended"] <= first(made, "app", "recover")["began"]
    assert {line["machine"] for line in made.done() if line["step"] == "recover"} == {"db2", "app2", "files2"}
    marker = json.loads((made.root / "db1/double/groups/orders.json").read_text())
    assert (marker["serving"], marker["systems"]) == ("standby", ["db", "app"])
    away = marker["epoch"]
    assert not list(made.root.glob("*/double/lock.json"))
    for path in (made.folder / "runs").rglob("*"):
        assert path.is_dir() or "s3cr3t-of-the-double" not in path.read_text()

    assert made.run("dr-teardown.yml")[0] != 0
    code, output = made.run("dr-verify.yml")
    assert code == 0, output
    code, output = made.run("dr-failback.yml")
    assert code == 0, output
    marker = json.loads((made.root / "db2/double/groups/orders.json").read_text())
    assert marker["serving"] == "primary"
    assert marker["epoch"] > away
    holds = [line for line in made.done() if line["step"] == "demote" and line["options"].get("mode") == "hold"]
    assert [line["side"] for line in holds] == ["standby"] * 3
    last = [line for line in made.done() if line["step"] == "recover"][-3:]
    assert {line["machine"] for line in last} == {"db1", "app1", "files1"}


@pytest.mark.full
def test_the_full_name_of_a_driver_is_the_folders_own(firm: Make) -> None:
    made = firm()
    for name in ("status", "activate"):
        code, output = made.run(f"bascule.continuity.dr_{name}")
        assert code == 0, output
    assert words(made) == {"orders": "usable", "drawings": "usable"}
    assert {event["driver"] for event in made.journal() if event["event"] == "run_started"} == {"activate"}
    # The guard holds there too: a driver that is not what was compiled, and a part of a run.
    assert made.run("bascule.continuity.dr_status", "--limit=db2")[0] == 2
    theirs = made.folder / "collections/ansible_collections/bascule/continuity/playbooks/dr-status.yml"
    theirs.write_text(theirs.read_text() + "\n")
    code, output = made.run("bascule.continuity.dr_status")
    assert (code, "not what was compiled" in output) == (2, True), output


def test_a_failed_system_blocks_only_what_needs_it(firm: Make) -> None:
    made = firm(behave={"db": {"recover": {"fail": "No copy of db can be read. Look at the disk."}}})
    code, output = made.run("dr-activate.yml")
    assert code == 2
    assert words(made) == {"orders": "blocked", "drawings": "usable"}
    states = ended(made.journal())
    assert states["system.db"] == "failed"
    assert states["activity.orders"] == "blocked"
    assert output.rstrip().splitlines()[-1].strip() == "orders: blocked"
    assert "No copy of db can be read" in json.dumps(report(made))


def test_an_unreachable_machine_opens_no_gate(firm: Make) -> None:
    made = firm(deaf=("db2",))
    code, _output = made.run("dr-activate.yml")
    assert code != 0
    assert ended(made.journal())["system.db"] == "unreachable"
    assert words(made) == {"orders": "blocked", "drawings": "usable"}
    assert not [line for line in made.done() if line["system"] == "app" and line["step"] == "recover"]


def done_is(unit: str, stage: str) -> str:
    """The event of a journal that says that a unit has ended a stage, as a pattern."""
    return rf'"event": "unit", "unit": "{re.escape(unit)}", "state": "done", "stage": "{stage}"'


def test_an_independent_chain_is_not_delayed(firm: Make) -> None:
    # What is slow only ends once the other chain has: if that had to wait, this would end at its limit.
    made = firm(behave={"db": {"recover": {"until_journalled": done_is("activity.drawings", "serve")}}})
    code, output = made.run("dr-activate.yml")
    assert code == 0, output
    events = {e["unit"]: e for e in made.journal() if e["event"] == "unit" and e["stage"] == "serve"}
    assert events["activity.drawings"]["ended"] < events["system.db"]["ended"]
    assert report(made)["critical_path"][0]["unit"] == "system.db"


def test_a_killed_run_is_readable_and_the_next_one_goes_on(firm: Make) -> None:
    made = firm(behave={"files": {"recover": {"until_told": "never"}}})
    process = made.start("dr-activate.yml")
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and not any(
        line["system"] == "app" and line["step"] == "recover" for line in made.done()
    ):
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)
    killed = next((made.folder / "runs").iterdir())
    from bascule_runtime import report as runtime_report
    from bascule_runtime import text

    found = runtime_report.of_folder(killed)
    assert found["run"]["ended"] is None
    assert found["ok"] is False
    assert {entry["id"]: entry["word"] for entry in found["activities"]}["drawings"] != "usable"
    assert "did not end" in text.render(found)
    assert list(made.root.glob("*/double/lock.json"))
    (made.root / "behave.json").write_text("{}")
    code, output = made.run("dr-activate.yml")
    assert code == 0, output


def test_a_lock_of_another_controller_is_respected_until_it_is_named(firm: Make) -> None:
    made = firm()
    lock = made.root / "db2/double/lock.json"
    lock.parent.mkdir()
    lock.write_text(
        json.dumps(
            {
                "run": "20260101T000000Z-activate-0000",
                "controller": "elsewhere",
                "machine_id": "x",
                "pid": 1,
                "pid_start": "1",
            }
        )
    )
    code, output = made.run("dr-activate.yml")
    assert code != 0
    assert "is held by the run 20260101T000000Z-activate-0000" in output
    assert "[db2]" not in output.partition("Refuse")[2]
    assert made.done() == []
    assert [path.parent.parent.name for path in made.root.glob("*/double/lock.json")] == ["db2"]
    code, output = made.run("dr-activate.yml", "-e", "takeover=20260101T000000Z-activate-0000")
    assert code == 0, output


@pytest.mark.full
def test_only_is_widened_to_the_group_and_leaves_the_rest_alone(firm: Make) -> None:
    made = firm()
    assert made.run("dr-activate.yml", "-e", "only=drawings")[0] == 0
    assert {line["system"] for line in made.done()} == {"files"}
    assert words(made) == {"drawings": "usable"}


def test_check_mode_touches_nothing_and_says_simulated(firm: Make) -> None:
    made = firm()
    code, output = made.run("dr-activate.yml", "--check")
    assert code == 0, output
    assert {line["step"] for line in made.done()} == {"points"}
    assert words(made) == {"orders": "simulated", "drawings": "simulated"}
    assert "kept" not in {value for e in report(made)["activities"] for value in e["verdict"].values()}
    assert not list(made.root.glob("*/double/lock.json"))
    assert not list(made.root.glob("*/double/groups"))


def test_a_compromised_primary_is_never_touched(firm: Make) -> None:
    made = firm()
    code, output = made.run("dr-activate.yml", "-e", "scenario=ransomware")
    assert code != 0
    assert "recovery_point" in output
    code, output = made.run("dr-activate.yml", "-e", "scenario=ransomware", "-e", "recovery_point=p1")
    assert code == 0, output
    assert {line["side"] for line in made.done()} == {"standby"}
    assert report(made)["run"]["untouched"] == ["app1", "db1", "files1"]


def test_a_primary_that_cannot_be_stopped_needs_a_reason(firm: Make) -> None:
    made = firm(behave={"db": {"demote": {"fail": "It does not stop."}}})
    code, output = made.run("dr-activate.yml")
    assert code != 0
    assert "two sites would serve" in output
    assert words(made) == {"orders": "blocked", "drawings": "usable"}
    code, output = made.run("dr-activate.yml", BASCULE_UNFENCED="its power was cut by hand")
    assert code == 0, output
    assert "its power was cut by hand" in json.dumps(report(made)["notes"])


@pytest.mark.full
def test_a_silent_primary_needs_no_second_reason(firm: Make) -> None:
    made = firm(silent=("db1", "app1", "files1"))
    code, output = made.run("dr-activate.yml")
    assert code == 0, output
    assert {line["side"] for line in made.done()} == {"standby"}
    assert made.run("dr-activate.yml", "-e", "scenario=planned")[0] != 0


def test_data_that_differ_stay_where_they_are(firm: Make) -> None:
    made = firm(behave={"db": {"compare@primary": {"fail": "db: table orders differs."}}})
    assert made.run("dr-activate.yml")[0] == 0
    code, output = made.run("dr-failback.yml")
    assert code != 0
    assert words(made) == {"orders": "blocked", "drawings": "usable"}
    assert "db: table orders differs." in output
    back = [line for line in made.done() if line["step"] == "recover"][3:]
    assert {(line["system"], line["side"]) for line in back} == {
        ("db", "standby"),
        ("app", "standby"),
        ("files", "primary"),
    }
    marker = json.loads((made.root / "db2/double/groups/orders.json").read_text())
    assert marker["serving"] == "standby"


@pytest.mark.full
def test_what_was_declared_arrives_as_it_was_typed(firm: Make) -> None:
    made, typed = firm(), "it's {{ lookup('pipe', 'touch /tmp/never') }} \"burning\" $HOME"
    assert made.run("dr-activate.yml", BASCULE_DECLARE=typed)[0] == 0
    assert report(made)["run"]["declared"] == typed


def test_status_says_what_an_activation_would_do(firm: Make) -> None:
    made = firm(behave={"files": {"points": {"evidence": {"points": [], "lag_s": None}}}})
    code, output = made.run("dr-status.yml")
    assert code != 0
    assert "files has no recovery point" in output
    outlook = {entry["id"]: entry for entry in report(made)["outlook"]}
    assert (outlook["orders"]["keeps_rpo"], outlook["drawings"]["keeps_rpo"]) == (True, False)


@pytest.mark.full
def test_groups_come_home_one_after_the_other(firm: Make) -> None:
    made = firm()
    assert made.run("dr-activate.yml")[0] == 0
    # Of the failback's own journal: the activation's, which says the same, is moved out of sight.
    (made.folder / "runs").rename(made.home / "runs-before")
    code, output = made.run("dr-failback.yml")
    assert code == 0, output
    ends = {(e["unit"], e["stage"]): e["ended"] for e in made.journal() if e["event"] == "unit"}
    # Users of the drawings work on at the standby while the orders move.
    assert ends["system.db", "hold"] < ends["activity.orders", "serve"] < ends["system.files", "hold"]
    assert "files: waits for Orders" in output, [line for line in output.splitlines() if "waits" in line]
