# SPDX-License-Identifier: Apache-2.0
"""A database on two real machines that is moved on purpose, and one whose primary comes back by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from . import cycle as cycles
from .cycle import DECLARE, Cycle
from .register import Writer, rows

pytestmark = [pytest.mark.lab, pytest.mark.lab_full]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("pgtest", tmp_path_factory.mktemp("pgtest")) as cycle:
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


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
