# SPDX-License-Identifier: Apache-2.0
"""Faults of machines, seen from the controller. One lab for all: each test leaves it as the next one expects it. What
the fault does not touch goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import cycle as cycles
from . import strike
from .cycle import DECLARE, Cycle
from .fault_table import FaultTable
from .faults_a import data, words

pytestmark = [pytest.mark.lab_full]
NEW_HOST_KEY = """set -e
mkdir -p /root/kept && cp -p /etc/ssh/ssh_host_* /root/kept
rm /etc/ssh/ssh_host_* && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
systemctl stop ssh
pkill -f '^sshd: ' || true  # a connection that is open knows nothing of keys
systemctl start ssh"""
OLD_HOST_KEY = "rm /etc/ssh/ssh_host_* && cp -p /root/kept/* /etc/ssh && systemctl restart ssh"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("faults-a", tmp_path_factory.mktemp("faults-a")) as cycle:
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


@pytest.fixture(scope="module")
def facts(firm: Cycle) -> tuple[str, str]:
    """What both systems hold before anything happens."""
    return data(firm, "primary")


def test_planned_move_needs_the_primary(firm: Cycle, facts: object, fault_table: FaultTable) -> None:
    firm.rehearsal.lab("unplug", "db1")
    try:
        run = firm.rehearsal.driver("activate", env=DECLARE, extra={"scenario": "planned"})
    finally:
        firm.rehearsal.lab("plug", "db1")
    fault_table.ends_with(
        run,
        id="primary-silent-planned",
        fault="A machine of the primary does not answer when a planned move begins.",
        driver="activate",
        stage="guard",
        exit=2,
        says="A planned switch takes the last data along, and db1 cannot be reached.",
        then="Bring the machine back. If it is gone for good, this is no planned move: `-e scenario=lost`.",
    )


def test_wrong_host_key(firm: Cycle, fault_table: FaultTable) -> None:
    firm.rehearsal.lab("kill", "primary")
    firm.rehearsal.on("files2", NEW_HOST_KEY)
    try:
        run = firm.rehearsal.driver("activate", env=DECLARE)
    finally:
        firm.rehearsal.on("files2", OLD_HOST_KEY)
    assert words(run) == {"orders": "usable", "plans": "blocked"}
    fault_table.ends_with(
        run,
        id="wrong-host-key",
        fault="A machine of the standby shows another host key than the pinned one.",
        driver="activate",
        stage="guard, then recover",
        exit=2,
        says="plans cannot be recovered. files2 does not show the host key that is pinned for it, so nothing was said "
        "to it.",
        then="Find out who answers there. If the machine was replaced: compare its key at the console, "
        "`bascule trust`, compile again, `dr-build.yml`. Then activate again; what is usable stays so.",
    )


@pytest.mark.parametrize(
    ("strikes", "heals", "noted"),
    [("kill", "start", "files2"), ("pause", "resume", "files2 hangs: it takes connections and says nothing.")],
)
def test_standby_machine_is_down_or_hangs_from_the_start(
    firm: Cycle, fault_table: FaultTable, strikes: str, heals: str, noted: str
) -> None:
    firm.rehearsal.lab(strikes, "files2")
    try:
        run = firm.rehearsal.driver("activate", env=DECLARE)
    finally:
        firm.rehearsal.lab(heals, "files2")
    assert words(run) == {"orders": "usable", "plans": "blocked"}
    assert noted in [*run.report["notes"], *run.report["silent"]]
    fault_table.ends_with(
        run,
        id="standby-silent",
        fault="A machine of the standby is down, or hangs, when the activation begins.",
        driver="activate",
        stage="guard, then recover",
        exit=2,
        says="plans cannot be recovered. files2 did not answer when the run began: it is down, it hangs, or its "
        "network is cut. Repair it and start again.",
        then="Repair the machine and activate again; activities that do not need it are usable meanwhile.",
    )


def test_standby_machine_hangs_in_the_middle(firm: Cycle, fault_table: FaultTable) -> None:
    with strike.at(firm, strike.settled, lambda _first: firm.rehearsal.lab("pause", "files2")):
        try:
            run = firm.rehearsal.driver("activate", env=DECLARE)
        finally:
            firm.rehearsal.lab("resume", "files2")
    assert words(run) == {"orders": "usable", "plans": "blocked"}
    fault_table.ends_with(
        run,
        id="standby-hangs",
        fault="A machine of the standby stops answering in the middle of the activation.",
        driver="activate",
        stage="recover",
        exit=4,
        says="files2 stopped answering: it is down, it hangs, or its network is cut. Repair it and start again.",
        then="Repair the machine and activate again; activities that do not need it are usable meanwhile.",
    )


def test_run_again_ends_usable_and_nothing_is_lost(firm: Cycle, facts: tuple[str, str]) -> None:
    run = firm.drive("activate", env=DECLARE)
    assert words(run) == {"orders": "usable", "plans": "usable"}
    assert data(firm, "standby") == facts
