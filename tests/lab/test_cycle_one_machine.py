# SPDX-License-Identifier: Apache-2.0
"""A firm with one machine a side, two clusters and two trees on it; a person sends the users to the other side."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import cycle as cycles
from .cycle import Cycle

pytestmark = [pytest.mark.lab_full]
ROWS = "select count(*), md5(string_agg(s::text, ',' order by id)) from {} s where id not like 'test-%'"
DATABASES = {"till-db": ("till", "sales"), "books-db": ("books", "entries")}
LATER = "insert into {} select 'later-' || n, n from generate_series(1, 500) n"


def facts(cycle: Cycle, side: str) -> tuple[str, ...]:
    rows = (cycle.sql(system, side, name, ROWS.format(table)) for system, (name, table) in DATABASES.items())
    return *rows, *(cycle.tree(system, side) for system in ("recipes", "invoices"))


def work(cycle: Cycle, side: str) -> None:
    for system, (name, table) in DATABASES.items():
        cycle.sql(system, side, name, LATER.format(table))
    script = "echo brioche > /srv/recipes/brioche.txt; rm /srv/invoices/2.txt; echo 4 > /srv/invoices/4.txt"
    cycle.rehearsal.on(cycle.machine("recipes", side), script)


def test_one_machine_goes_and_comes_home(tmp_path: Path) -> None:
    with cycles.started("one-machine", tmp_path) as cycle:

        def turn_the_switch(driver: str) -> None:
            address = cycle.rehearsal.plan["machines"]["server1" if driver == "failback" else "server2"]["address"]
            change = 'sed "s/^[^ ]* till.bakery.test/$1 till.bakery.test/" /etc/hosts > /run/hosts'
            script = f"{change} && cat /run/hosts > /etc/hosts"  # the file itself cannot be replaced
            cycle.rehearsal.on("server2", script, address)

        with cycles.person(cycle, "Point till.bakery.test at", turn_the_switch):
            cycles.whole(cycle, facts, work, simulated=True)
