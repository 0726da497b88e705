# SPDX-License-Identifier: Apache-2.0
"""A firm with one machine a side; a person sends the users to the other side."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import cycle as cycles
from .cycle import Cycle

pytestmark = [pytest.mark.lab_full]
ROWS = "select count(*), md5(string_agg(s::text, ',' order by id)) from sales s where id not like 'test-%'"


def facts(cycle: Cycle, side: str) -> tuple[str, str]:
    return cycle.sql("till-db", side, "till", ROWS), cycle.tree("recipes", side)


def work(cycle: Cycle, side: str) -> None:
    cycle.sql("till-db", side, "till", "insert into sales select 'later-' || n, n from generate_series(1, 500) n")
    cycle.rehearsal.on(cycle.machine("recipes", side), "echo 'brioche' > /srv/recipes/brioche.txt")


def test_one_machine_goes_and_comes_home(tmp_path: Path) -> None:
    with cycles.started("one-machine", tmp_path) as cycle:

        def turn_the_switch(driver: str) -> None:
            address = cycle.rehearsal.plan["machines"]["server1" if driver == "failback" else "server2"]["address"]
            change = 'sed "s/^[^ ]* till.bakery.test/$1 till.bakery.test/" /etc/hosts > /run/hosts'
            script = f"{change} && cat /run/hosts > /etc/hosts"  # the file itself cannot be replaced
            cycle.rehearsal.on("server2", script, address)

        with cycles.person(cycle, "Point till.bakery.test at", turn_the_switch):
            cycles.whole(cycle, facts, work)
