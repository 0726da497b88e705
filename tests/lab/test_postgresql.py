# SPDX-License-Identifier: Apache-2.0
"""A database on two real machines: streamed and backed up, lost, recovered, brought home, moved, forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import cycle as cycles
from .cycle import DECLARE, Cycle
from .register import rows, strategy

pytestmark = [pytest.mark.lab]
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


def test_nothing_is_left(firm: Cycle) -> None:
    before = rows(firm, "primary")
    firm.drive("teardown", extra={"restart": "allowed"})
    cycles.expect_nothing_left(firm)
    assert rows(firm, "primary") == before
    assert firm.sql("erp-db", "primary", "postgres", "show archive_mode").strip() == "off"
    roles = firm.sql("erp-db", "primary", "postgres", "select count(*) from pg_roles where rolname like 'bascule%'")
    assert roles.strip() == "0"
