# SPDX-License-Identifier: Apache-2.0
"""A firm with one database, restored from its backups: no replica."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import cycle as cycles
from .cycle import Cycle

pytestmark = [pytest.mark.lab_full]
ROWS = "select count(*), md5(string_agg(m::text, ',' order by id)) from movements m where id not like 'test-%'"


def rows(cycle: Cycle, side: str) -> str:
    return cycle.sql("stock-db", side, "stock", ROWS)


def work(cycle: Cycle, side: str) -> None:
    cycle.sql("stock-db", side, "stock", "insert into movements select 'later-' || n, n from generate_series(1, 500) n")


def test_database_goes_and_comes_home(tmp_path: Path) -> None:
    with cycles.started("one-database", tmp_path) as cycle:
        cycles.whole(cycle, rows, work)
