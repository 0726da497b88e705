# SPDX-License-Identifier: Apache-2.0
"""A database on two real machines that is set back to a moment, and then recovered by what that left of its backups."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from . import cycle as cycles
from .cycle import DECLARE, Cycle
from .register import backups, pgbackrest, rows, strategy

pytestmark = [pytest.mark.lab, pytest.mark.lab_full]
# A backup that was made after the moment to which the database was set back.
LEFT_ASIDE: list[str] = []


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("pgtest", tmp_path_factory.mktemp("pgtest")) as cycle:
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


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
