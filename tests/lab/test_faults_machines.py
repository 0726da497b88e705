# SPDX-License-Identifier: Apache-2.0
"""Faults of machines, seen from the controller, on one lab that is healed after each test. Nothing is ever lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import cycle as cycles
from .cycle import DECLARE, Cycle
from .fault_table import FaultTable

pytestmark = [pytest.mark.lab]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("faults-a", tmp_path_factory.mktemp("faults-a")) as cycle:
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


def test_planned_move_needs_the_primary(firm: Cycle, fault_table: FaultTable) -> None:
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
