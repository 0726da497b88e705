# SPDX-License-Identifier: Apache-2.0
"""Faults of what machines stand on: clocks, links, disks. One lab for all: each test leaves it as the next needs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import cycle as cycles
from .cycle import DECLARE, Cycle
from .fault_table import FaultTable
from .faults_a import data, words

pytestmark = [pytest.mark.lab_full]
PLANNED = {"scenario": "planned"}
# The clock of one machine: of all Python that runs there (agents, our modules) and, where there is one, of PostgreSQL.
# All machines share this computer's clock, so these programs are told another time: PostgreSQL by libfaketime, Python
# by a line that it reads at its start, since it cannot sleep under that library (clock_nanosleep: invalid argument).
OFF = """set -e
library=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1)
echo "import time; time.time = lambda now=time.time: now() + ($1)" > /usr/lib/python3/dist-packages/off.pth
if systemctl -q is-active postgresql@15-main; then
  cp /etc/postgresql/15/main/environment /root/environment
  printf "LD_PRELOAD = '%s'\nFAKETIME = '%s'\nFAKETIME_DONT_FAKE_MONOTONIC = '1'\n" "$library" "$1" \
    >> /etc/postgresql/15/main/environment
  systemctl restart postgresql@15-main
fi
systemctl restart 'bascule-heartbeat-*'
sleep 2"""
RIGHT = """rm /usr/lib/python3/dist-packages/off.pth
[ ! -e /root/environment ] || cp /root/environment /etc/postgresql/15/main/environment"""
SMALL = 'mount -t tmpfs -o "$1" tmpfs /srv && mkdir /srv/plans && echo mine > /srv/plans/old'
DATA = "/var/lib/postgresql/15/main"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("faults-a", tmp_path_factory.mktemp("faults-a")) as cycle:
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


def test_clocks_an_hour_off(firm: Cycle, fault_table: FaultTable) -> None:
    before = data(firm, "primary")
    firm.rehearsal.on("db1", OFF, "+3600")
    firm.rehearsal.on("files1", OFF, "-3600")
    run = firm.rehearsal.driver("activate", env=DECLARE, extra=PLANNED)
    for machine in ("db1", "files1"):
        firm.rehearsal.on(machine, RIGHT)
    assert words(run) == {"orders": "usable", "plans": "usable"}
    for row in run.report["activities"]:
        assert (row["measured"]["rpa_is"], row["verdict"]["rpo"]) == ("doubtful", "not_shown"), row
    assert data(firm, "standby") == before
    fault_table.ends_with(
        run,
        id="clock-off",
        fault="The clock of a machine is an hour off.",
        driver="activate",
        stage="report",
        exit=0,
        says="The clock of db1 is off by +… s, so the loss measured for orders-db is doubtful; put right, it is …",
        then="Set the clock, and look why nothing does (`timedatectl`). The activities are usable; the figure "
        "alone is no proof.",
    )


def test_a_link_cut_in_one_direction(firm: Cycle, fault_table: FaultTable) -> None:
    firm.drive("failback")
    before = data(firm, "primary")
    firm.rehearsal.lab("cut", "--one-way", "primary", "standby")
    try:
        run = firm.rehearsal.driver("activate", env=DECLARE, extra=PLANNED)
    finally:
        firm.rehearsal.lab("heal")
    assert words(run) == {"orders": "blocked", "plans": "blocked"}
    assert data(firm, "primary") == before
    firm.sql("orders-db", "primary", "orders", "insert into orders values ('test-goes-on')")
    firm.rehearsal.on("files1", "echo on > /srv/plans/goes-on && rm /srv/plans/goes-on")
    fault_table.ends_with(
        run,
        id="link-one-way",
        fault="The link between the sites is cut in one direction: what the primary sends does not arrive.",
        driver="activate",
        stage="fence, before anything is stopped",
        exit=2,
        says="plans could not be taken along from files1 with its last data. … Nothing was stopped: users go on at "
        "files1. Repair that and start again, or lose what was not copied: -e scenario=lost.",
        then="Repair the link and start again; users work at the primary meanwhile.",
    )


def test_no_room_for_a_restore(firm: Cycle, fault_table: FaultTable) -> None:
    firm.rehearsal.lab("kill", "primary")
    firm.rehearsal.on("files2", SMALL, "size=64k")
    shrink = f"systemctl stop postgresql@15-main; mount -t tmpfs -o size=8m,uid=postgres,mode=700 tmpfs {DATA}"
    firm.rehearsal.on("db2", shrink)
    run = firm.rehearsal.driver("activate", env=DECLARE)
    assert words(run) == {"orders": "blocked", "plans": "blocked"}
    assert firm.rehearsal.on("files2", "cat /srv/plans/old; ls -A /srv").split() == ["mine", "plans"]
    fault_table.ends_with(
        run,
        id="disk-full-files",
        fault="The standby has no room for the files that are to be restored.",
        driver="activate",
        stage="recover, before it begins",
        exit=2,
        says="/srv on files2 has 0.1 MB free and the copy … of plans needs …: nothing was begun, and what was there is "
        "untouched. Make room there and start again.",
        then="Make room on that disk and activate again.",
    )
    fault_table.ends_with(
        run,
        id="disk-full-database",
        fault="The standby has no room for the database that is to be restored from its backups.",
        driver="activate",
        stage="recover, before it begins",
        exit=2,
        says=f"{DATA} on db2 has room for … and the newest backup of orders-db needs …: nothing was begun. Make room "
        "there and start again.",
        then="Make room on that disk and activate again.",
    )


def test_a_disk_that_fills_while_files_are_restored(firm: Cycle, fault_table: FaultTable) -> None:
    """Names run out before bytes do: nobody could have known before."""
    firm.rehearsal.on("db2", f"umount {DATA}")
    firm.rehearsal.on("files2", f"umount /srv; {SMALL}", "size=8m,nr_inodes=16")
    run = firm.rehearsal.driver("activate", env=DECLARE)
    assert words(run) == {"orders": "usable", "plans": "blocked"}
    assert firm.rehearsal.on("files2", "cat /srv/plans/old").strip() == "mine"
    fault_table.ends_with(
        run,
        id="disk-fills",
        fault="The disk of the standby fills up while files are restored.",
        driver="activate",
        stage="recover",
        exit=2,
        says="The copy … of plans could not be restored; what was there is untouched: … The disk is full. Look at … on "
        "files2, or choose another point.",
        then="Make room on that disk and activate again; activities that do not need it are usable meanwhile.",
    )


def test_run_again_ends_usable(firm: Cycle) -> None:
    firm.rehearsal.on("files2", "umount /srv")
    assert words(firm.drive("activate", env=DECLARE)) == {"orders": "usable", "plans": "usable"}
