# SPDX-License-Identifier: Apache-2.0
"""A database on two real machines: streamed and backed up, lost, recovered, brought home, set back, forgotten."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import cycle as cycles
from .cycle import DECLARE, Cycle

pytestmark = [pytest.mark.lab]
# A backup that was made after the moment to which the database was set back.
LEFT_ASIDE: list[str] = []
# Runs on the third site's machine: writes rows as fast as they are acknowledged, prints each number that was.
WRITER = r"""
import os, select, subprocess, sys, time
host, seconds, number = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", host, "-U", "clerk", "-d", "erp"]
env = dict(os.environ, PGPASSWORD="clerk", PGCONNECT_TIMEOUT="2")
p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, bufsize=1)
end = time.time() + seconds
while time.time() < end:
    try:
        p.stdin.write("insert into rows values (%d, clock_timestamp()) returning seq;\n" % number)
    except BrokenPipeError:
        break
    if not select.select([p.stdout], [], [], 2)[0] or not p.stdout.readline().strip():
        break
    print(number, time.time())
    number += 1
    time.sleep(0.01)
p.kill()
"""


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("pgtest", tmp_path_factory.mktemp("pgtest")) as cycle:
        yield cycle


class Writer:
    """Writes at a side until the machine is gone or `seconds` are over; `acknowledged` is what was confirmed and when,
    by the clock of who wrote."""

    def __init__(self, firm: Cycle, side: str, seconds: float, first: int) -> None:
        address = firm.rehearsal.plan["systems"]["erp-db"]["addresses"][side]
        self.acknowledged: dict[int, float] = {}

        def work() -> None:
            out = firm.rehearsal.on("outside", 'exec python3 - "$@"', address, str(seconds), str(first), stdin=WRITER)
            rows = (line.split() for line in out.splitlines())
            self.acknowledged = {int(number): float(moment) for number, moment in rows}

        self.thread = threading.Thread(target=work)
        self.thread.start()

    def end(self) -> dict[int, float]:
        self.thread.join(60)
        assert len(self.acknowledged) > 20
        return self.acknowledged


def rows(firm: Cycle, side: str) -> set[int]:
    return {int(line) for line in firm.sql("erp-db", side, "erp", "select seq from rows").split()}


def strategy(firm: Cycle, driver: str) -> str:
    """What the module said that it did, from the run's log of evidence."""
    journal = (firm.runs[driver].folder or Path()) / "journal.jsonl"
    return next(name for name in ("promote", "restore") if f'"strategy": "{name}"' in journal.read_text())


def pgbackrest(firm: Cycle, command: str) -> str:
    """What pgBackRest says at the repository's machine."""
    config = "--config=/etc/pgbackrest/bascule/erp-db.conf --stanza=erp-db"
    return firm.rehearsal.on("db2", f"cd /tmp; su postgres -s /bin/sh -c 'pgbackrest {config} {command}'")


def backups(firm: Cycle) -> list[str]:
    """Backups in the repository, oldest first."""
    listed = json.loads(pgbackrest(firm, "info --output=json"))[0]["backup"]
    return [str(entry["label"]) for entry in listed]


def test_it_is_built_once(firm: Cycle) -> None:
    refused = firm.rehearsal.driver("build")
    assert refused.outcome.exit != 0
    assert "-e restart=allowed" in refused.outcome.log.read_text()
    firm.drive("build", extra={"restart": "allowed"})
    again = firm.drive("build")
    told = ((again.folder or Path()) / "ansible.log").read_text()
    recap = [line for line in told.splitlines() if line.startswith("system.erp-db  ")]
    assert "changed=0" in recap[-1]
    firm.drive("status")


def test_what_is_lost_with_the_site_is_of_its_last_second(firm: Cycle) -> None:
    writer = Writer(firm, "primary", 20, 1)
    time.sleep(3)
    firm.rehearsal.lab("kill", "primary")
    firm.drive("activate", env=DECLARE)
    assert strategy(firm, "activate") == "promote"
    acknowledged, there = writer.end(), rows(firm, "standby")
    # A live copy is a moment behind what it follows.
    last = max(acknowledged.values())
    assert not [number for number, moment in acknowledged.items() if number not in there and moment < last - 1]
    cycles.expect_usable(firm, "activate")


def test_it_comes_home_to_an_empty_machine(firm: Cycle) -> None:
    firm.sql("erp-db", "standby", "erp", "insert into rows select n, now() from generate_series(100001, 100500) n")
    before = rows(firm, "standby")
    firm.rehearsal.lab("replace", "db1")
    firm.drive("failback")
    assert rows(firm, "primary") == before
    cycles.expect_usable(firm, "failback")
    firm.drive("status")


def test_a_planned_switch_loses_nothing_and_follows_at_once(firm: Cycle) -> None:
    writer = Writer(firm, "primary", 30, 200001)
    time.sleep(2)
    firm.drive("activate", env=DECLARE, extra={"scenario": "planned"})
    assert writer.end().keys() <= rows(firm, "standby")
    firm.drive("failback")
    assert rows(firm, "primary") >= writer.acknowledged.keys()


def test_a_primary_that_comes_back_does_not_serve(firm: Cycle) -> None:
    firm.rehearsal.lab("kill", "primary")
    firm.drive("activate", env=DECLARE)
    firm.rehearsal.lab("start", "primary")
    state = "for i in $(seq 8); do pg_lsclusters -h | grep -q online && echo serves && exit; sleep 1; done; echo off"
    assert firm.rehearsal.on("db1", state).strip() == "off"
    firm.sql("erp-db", "standby", "erp", "insert into rows values (300001, now())")
    firm.drive("failback")
    assert 300001 in rows(firm, "primary")


def test_damage_is_left_behind_at_a_chosen_moment(firm: Cycle) -> None:
    good = rows(firm, "primary")
    time.sleep(1.5)
    moment = firm.rehearsal.on("db1", "date -u +%Y-%m-%dT%H:%M:%S.%NZ").strip()[:23] + "Z"
    time.sleep(1.5)
    firm.sql("erp-db", "primary", "erp", "delete from rows")
    # A backup of what is left aside by the recovery: nothing that is written later follows from it.
    firm.rehearsal.on("db2", "systemctl start bascule-pgcopy-pgtest-erp-db.service")
    LEFT_ASIDE.append(backups(firm)[-1])
    time.sleep(2)
    firm.sql("erp-db", "primary", "postgres", "select pg_switch_wal()")
    time.sleep(4)
    firm.rehearsal.lab("kill", "primary")
    refused = firm.rehearsal.driver("activate", env=DECLARE, extra={"scenario": "compromise"})
    assert refused.outcome.exit != 0
    firm.drive("activate", env=DECLARE, extra={"scenario": "compromise", "recovery_point": moment})
    assert strategy(firm, "activate") == "restore"
    assert rows(firm, "standby") == good
    firm.rehearsal.lab("start", "primary")
    firm.drive("failback")
    assert rows(firm, "primary") == good


def test_a_broken_live_copy_gives_way_to_the_backups(firm: Cycle) -> None:
    # The newest backup is one that the log does not follow from, since the next one was not due or is lost.
    made = backups(firm)
    for label in reversed(made[made.index(LEFT_ASIDE[0]) + 1 :]):
        pgbackrest(firm, f"expire --set={label}")
    assert backups(firm)[-1] == LEFT_ASIDE[0]
    firm.sql("erp-db", "primary", "postgres", "select pg_switch_wal()")
    time.sleep(4)
    firm.rehearsal.on("db2", "systemctl stop postgresql@15-main; rm /var/lib/postgresql/15/main/global/pg_control")
    firm.rehearsal.lab("kill", "primary")
    good = firm.drive("activate", env=DECLARE)
    assert good.report
    assert strategy(firm, "activate") == "restore"
    assert int(firm.sql("erp-db", "standby", "erp", "select count(*) from ledger")) == 100000
    firm.rehearsal.lab("start", "primary")
    firm.drive("failback")


def test_nothing_is_left(firm: Cycle) -> None:
    before = rows(firm, "primary")
    firm.drive("teardown", extra={"restart": "allowed"})
    cycles.expect_nothing_left(firm)
    assert rows(firm, "primary") == before
    assert firm.sql("erp-db", "primary", "postgres", "show archive_mode").strip() == "off"
    roles = firm.sql("erp-db", "primary", "postgres", "select count(*) from pg_roles where rolname like 'bascule%'")
    assert roles.strip() == "0"
