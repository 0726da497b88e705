# SPDX-License-Identifier: Apache-2.0
"""Faults of runs: killed at each stage and started again, two at once from two controllers. One lab for all."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bascule_lab.demo.commands import Commands
from bascule_lab.demo.rehearsal import Rehearsal, Run, beside_python
from bascule_runtime import report

from . import cycle as cycles
from . import fault_table as table
from . import strike
from .cycle import DECLARE, Cycle
from .fault_table import FaultTable
from .faults_a import data, words

pytestmark = [pytest.mark.lab_full]
# Where runs are killed, one after the other, each by an event of its journal.
STAGES: dict[str, Callable[[strike.Event], bool]] = {
    "guard": strike.settled,
    "fence": strike.phase("fence"),
    "recover": strike.phase("recover"),
    "switch": strike.ended("system.orders-db"),
    "ask": strike.ended("switch.orders"),
    "protect": strike.phase("protect"),
}
# Another controller: another name, another machine-id, its own way to machines.
ELSEWHERE = """#!/bin/sh
exec unshare --mount --uts -- sh -c 'hostname elsewhere; mount --bind {identity} /etc/machine-id
exec {program} "$@"' sh "$@"
"""


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("faults-a", tmp_path_factory.mktemp("faults-a")) as cycle:
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


def kill(first: strike.Event) -> None:
    os.kill(int(first["pid"]), signal.SIGKILL)


def killed_at(firm: Cycle, stage: str) -> None:
    """An activation that is killed there leaves a journal that can be read, and a report that claims nothing."""
    with strike.at(firm, STAGES[stage], kill):
        killed = firm.rehearsal.driver("activate", env=DECLARE)
    assert killed.outcome.exit == -signal.SIGKILL, stage
    assert killed.folder is not None
    assert table.readable(killed.folder) is False, stage
    assert report.of_folder(killed.folder)["run"]["ended"] is None, stage


def test_killed_at_each_stage_and_run_again(firm: Cycle, fault_table: FaultTable) -> None:
    before = data(firm, "primary")
    firm.rehearsal.lab("kill", "primary")
    for stage in STAGES:
        killed_at(firm, stage)
    run = firm.rehearsal.driver("activate", env=DECLARE)
    assert words(run) == {"orders": "usable", "plans": "usable"}
    assert data(firm, "standby") == before
    fault_table.ends_with(
        run,
        id="killed",
        fault="The activation is killed (`kill -9`, a laptop without power): in the guard, while it fences, recovers, "
        "switches, asks or protects; and it is started again.",
        driver="activate",
        stage="any",
        exit=0,
        says="The run … was killed and left its hold on machines behind; this run goes on from where it came to.",
        then="Nothing: what was done stayed done. The report of the run that was killed says how far it came.",
    )


def test_two_at_once(firm: Cycle, fault_table: FaultTable, tmp_path: Path) -> None:
    """The first is stopped while it holds the machines, so that it cannot end before the second has asked."""
    identity, elsewhere = tmp_path / "machine-id", tmp_path / "ansible-playbook"
    identity.write_text("0123456789abcdef0123456789abcdef\n")
    elsewhere.write_text(ELSEWHERE.format(identity=identity, program=beside_python("ansible-playbook")))
    elsewhere.chmod(0o755)
    second: list[Run] = []

    def ask(first: strike.Event) -> None:
        os.kill(int(first["pid"]), signal.SIGSTOP)
        try:
            copy = tmp_path / "copy"
            shutil.copytree(firm.rehearsal.build, copy, ignore=shutil.ignore_patterns("runs"))
            commands = Commands(tmp_path, environment=firm.rehearsal.commands.environment)
            other = Rehearsal(firm.rehearsal.policy, copy, commands)
            second.append(other.driver("activate", env=DECLARE, playbook=str(elsewhere)))
        finally:
            os.kill(int(first["pid"]), signal.SIGCONT)

    with strike.at(firm, strike.settled, ask, limit_s=300):
        firm.drive("activate", env=DECLARE)
    assert strike.written(second[0].folder / "journal.jsonl")[0]["controller"] == "elsewhere"
    done = [event["name"] for event in strike.written(second[0].folder / "journal.jsonl") if event["event"] == "task"]
    assert set(done) <= {"Let the run begin", "Look at clock, markers and lock", "Settle", "Refuse",
                         "Give back what this run holds"}  # fmt: skip
    fault_table.ends_with(
        second[0],
        id="two-at-once",
        fault="A second activation is started, from another controller, while the first one runs.",
        driver="activate",
        stage="guard",
        exit=2,
        says="db2 is held by the run …, started from … by …, since … Nothing was touched. Wait for its end.",
        then="Wait for the end of the first, or ask the person who started it. Only if its controller is gone for "
        "good: `-e takeover=` with the run's name.",
    )
