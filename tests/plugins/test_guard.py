# SPDX-License-Identifier: Apache-2.0
"""A run cannot be driven past its guard: whatever is tried, nothing is touched and the exit code is not 0."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from firm import Firm

Make = Callable[..., Firm]
pytestmark = pytest.mark.slow
LAST = {
    "--limit=db2": "would leave a part of the run out",
    "--limit=controller": "--limit would leave a part of the run out",
    "--limit=outside": "would leave a part of the run out",
    "--limit=units": "would leave a part of the run out",
    "--tags=none": "--tags would leave a part of the run out",
    "--skip-tags=always": "would leave a part of the run out",
    "--start-at-task=Wait for what this unit needs": "would leave a part of the run out",
    "--step": "--step would leave a part of the run out",
    "--forks=2": "forks is 2",
    "--connection=local": "--connection local",
    "-eonyl=orders": "no driver knows this",
    "-edeclare=fire": "BASCULE_DECLARE",
    "-eonly=nothing": "no activity nothing",
    "-escenario=boredom": "no such scenario",
}


@pytest.mark.parametrize("argument", LAST)
def test_partial_and_strange_runs_are_refused(firm: Make, argument: str) -> None:
    made = firm()
    code, output = made.run("dr-activate.yml", argument)
    assert code == 2, output
    assert made.done() == []
    assert LAST[argument] in output, output
    assert not list(made.root.glob("*/double/groups"))


@pytest.mark.parametrize("driver", [f"dr-{name}.yml" for name in ("build", "status", "verify", "failback", "teardown")])
def test_every_driver_refuses_a_part_of_itself(firm: Make, driver: str) -> None:
    made = firm()
    for argument in ("--limit=outside", "--skip-tags=always"):
        code, output = made.run(driver, argument)
        assert code == 2, output
    assert made.done() == []


def test_another_inventory_is_refused(firm: Make) -> None:
    made = firm()
    other = made.folder / "other.yml"
    other.write_text((made.folder / "inventory/hosts.yml").read_text())
    code, output = made.run("dr-activate.yml", "-i", "other.yml")
    assert code == 2
    assert "Another inventory" in output
    assert made.done() == []


def test_callbacks_turned_off_are_refused(firm: Make) -> None:
    made = firm()
    code, output = made.run("dr-activate.yml", ANSIBLE_CALLBACKS_ENABLED="ansible.builtin.junit")
    assert code == 2
    assert "The journal is not being written" in output
    assert made.done() == []


def test_another_working_folder_is_refused(firm: Make) -> None:
    made = firm()
    code, output = made.run(
        "build/dr-activate.yml",
        cwd=made.home,
        ANSIBLE_COLLECTIONS_PATH=str(made.folder / "collections"),
        ANSIBLE_INVENTORY=str(made.folder / "inventory/hosts.yml"),
    )
    assert code == 2
    assert "compiled folder" in output
    assert made.done() == []


def test_a_folder_that_all_may_write_is_refused(firm: Make) -> None:
    made = firm()
    made.folder.chmod(0o777)
    code, output = made.run("dr-activate.yml")
    assert code == 2
    assert "can be written by everybody" in output
    code, output = made.run("dr-activate.yml", ANSIBLE_CONFIG="ansible.cfg")
    assert code == 2
    assert "can be written by everybody" in output
    assert made.done() == []


def test_a_changed_folder_is_refused(firm: Make) -> None:
    made = firm()
    with (made.folder / "playbooks/steps/activity.yml").open("a") as stream:
        stream.write("# changed\n")
    code, output = made.run("dr-activate.yml")
    assert code == 2
    assert "playbooks/steps/activity.yml: not what was compiled" in output
    assert made.done() == []


def test_missing_secrets_are_all_named_at_once(firm: Make) -> None:
    made = firm()
    code, output = made.run("dr-activate.yml", DOUBLE_COPIES_KEY="")
    assert code == 2
    assert "copies-key: the environment variable DOUBLE_COPIES_KEY is not set" in output
    assert made.done() == []


def test_nothing_is_declared_for_nobody(firm: Make) -> None:
    made = firm()
    code, output = made.run("dr-activate.yml", BASCULE_DECLARE="  ")
    assert code == 2
    assert output.rstrip().splitlines()[-1].startswith("Refused: Nobody has declared the disaster.")
    assert made.done() == []


@pytest.mark.full
def test_without_the_journal_s_word_the_steps_refuse_by_themselves(firm: Make) -> None:
    made = firm()
    for argument in (
        "--limit=db2",
        "--limit=controller",
        "--limit=units",
        "--limit=outside",
        "--tags=none",
        "--skip-tags=always",
        "--start-at-task=Wait for what this unit needs",
    ):
        code, output = made.run("dr-activate.yml", argument, ANSIBLE_CALLBACKS_ENABLED="ansible.builtin.junit")
        assert code == 2, output
    assert made.done() == []
