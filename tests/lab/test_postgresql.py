# SPDX-License-Identifier: Apache-2.0
"""A database on two real machines: streamed and backed up, lost, recovered, brought home, forgotten."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import cycle as cycles
from .cycle import DECLARE, Cycle
from .register import Writer, rows, strategy

pytestmark = [pytest.mark.lab]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("pgtest", tmp_path_factory.mktemp("pgtest")) as cycle:
        yield cycle


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


def test_nothing_is_left(firm: Cycle) -> None:
    before = rows(firm, "primary")
    firm.drive("teardown", extra={"restart": "allowed"})
    cycles.expect_nothing_left(firm)
    assert rows(firm, "primary") == before
    assert firm.sql("erp-db", "primary", "postgres", "show archive_mode").strip() == "off"
    roles = firm.sql("erp-db", "primary", "postgres", "select count(*) from pg_roles where rolname like 'bascule%'")
    assert roles.strip() == "0"
