# SPDX-License-Identifier: Apache-2.0
"""What several modules of faults ask the firm `faults-a`: its data at a side, and the word of each activity."""

from __future__ import annotations

from bascule_lab.demo.rehearsal import Run

from .cycle import Cycle


def data(firm: Cycle, side: str) -> tuple[str, str]:
    orders = "select count(*), md5(string_agg(o::text, ',' order by mark)) from orders o where mark not like 'test-%'"
    return firm.sql("orders-db", side, "orders", orders), firm.tree("plans", side)


def words(run: Run) -> dict[str, str]:
    return {row["id"]: row["word"] for row in run.report["activities"]}
