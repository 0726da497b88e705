# SPDX-License-Identifier: Apache-2.0
"""What two sides no longer share, made for real: `dr-status` says exactly that, for exactly those activities."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from bascule_lab.demo.rehearsal import Run

from . import cycle as cycles
from .cycle import Cycle, tail

pytestmark = [pytest.mark.lab_full]
ORDERS, PLANS = ["orders"], ["plans"]
CHANGE = (cycles.POLICIES / "drift" / "change.sh").read_text()
NOTES = ("number", "build")
BREAKS = ("user", "release", "configuration", "package", "licence", "timezone", "room", "certificate")
RECORDED = "update pg_database set datcollversion = {} where datname = 'orders'"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("drift", tmp_path_factory.mktemp("drift")) as cycle:
        cycle.sql("orders-db", "primary", "orders", "create extension hstore")
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


def change(firm: Cycle, machine: str, names: tuple[str, ...], how: str) -> None:
    """Make `machine` differ in each of these things, or heal it: see `change.sh`."""
    for name in names:
        firm.rehearsal.on(machine, CHANGE, name, how)


def recorded(firm: Cycle, version: str) -> None:
    """Let the catalogue say by which version of the C library the texts of `orders` were sorted."""
    firm.sql("orders-db", "primary", "postgres", RECORDED.format(version))


def look(firm: Cycle, exit: int) -> Run:
    run = firm.rehearsal.driver("status")
    assert run.outcome.exit == exit, tail(run)
    assert "Traceback" not in run.outcome.log.read_text()
    return run


def findings(run: Run) -> dict[str, tuple[str, list[str]]]:
    """Level and activities of what a status found, by code."""
    return {entry["code"]: (entry["level"], entry["activities"]) for entry in run.report["drift"]["findings"]}


def said(run: Run, sentence: str) -> bool:
    """Whether a sentence stands on the screen, however the lines were broken."""
    return " ".join(sentence.split()) in " ".join(run.outcome.log.read_text().split())


def test_sides_that_were_just_built_share_all(firm: Cycle) -> None:
    run = look(firm, 0)
    assert findings(run) == {}
    assert {entry["system"] for entry in run.report["drift"]["compared"]} == {"orders-db", "plans", "teller"}
    assert said(run, "Both sides share what they must.")
    # Another place from which a recovery can be run is lacking; this computer can, so that alone does not decide.
    assert [bool(entry["problems"]) for entry in run.report["controllers"]] == [True]


def test_what_breaks_nothing_is_told_and_leaves_the_exit_code_alone(firm: Cycle) -> None:
    change(firm, "files2", NOTES, "differ")
    run = look(firm, 0)
    assert findings(run) == {"owner_number": ("note", PLANS), "package_revision": ("note", PLANS)}
    assert said(run, "The user weaver has the number 872 on files1 and 1872 on files2.")
    change(firm, "files2", NOTES, "heal")


def test_each_drift_is_said_for_the_activities_that_it_hits(firm: Cycle) -> None:
    change(firm, "db1", ("allows-more",), "differ")
    change(firm, "db2", ("extension",), "differ")
    recorded(firm, "'2.31'")
    change(firm, "files2", BREAKS, "differ")
    run = look(firm, 2)
    assert findings(run) == {
        "pg_setting": ("breaks", ORDERS), "pg_extension": ("breaks", ORDERS), "pg_collation": ("breaks", ORDERS),
        "owner_missing": ("breaks", PLANS), "package_version": ("degrades", PLANS), "room": ("breaks", PLANS),
        "package_missing": ("breaks", PLANS), "configuration_differs": ("degrades", PLANS),
        "licence_file": ("breaks", PLANS), "timezone": ("degrades", PLANS), "certificate_ended": ("breaks", PLANS),
    }  # fmt: skip
    for sentence in (
        "max_connections is 150 on db1 and only 100 on db2. It would not start.",
        "The extension hstore is used in orders and not installed on db2. Queries that use it would fail.",
        "Texts of orders are sorted as in version 2.31 of C.UTF-8; db2 sorts as in 2.36. It would start with wrong",
        "Files belong to the user weaver, whom files2 does not have.",
        "The package teller is 1.0-1 on files1 and 0.9-1 on files2.",
        "/etc/teller is not the same on files1 and files2.",
        "The certificate /etc/teller-tls/teller.pem on files2 ended on 2020-02-01. Users would see a warning",
    ):
        assert said(run, sentence), sentence


def test_a_dead_primary_is_compared_by_what_was_seen_of_it(firm: Cycle) -> None:
    seen = time.time()
    firm.rehearsal.lab("kill", "primary")
    run = look(firm, 2)
    assert "pg_extension" in findings(run)
    assert findings(run)["package_missing"] == ("breaks", PLANS)
    kept = run.report["drift"]["compared"]
    assert all(entry["kept"] and entry["at"] < seen for entry in kept), kept
    assert said(run, "db1: compared with what was seen before")
    firm.rehearsal.lab("start", "primary")


def test_healed_sides_share_all_again(firm: Cycle) -> None:
    change(firm, "db2", ("extension",), "heal")
    change(firm, "files2", BREAKS, "heal")
    recorded(firm, "null")
    # The database allows more now, and the build carries that over; the service was started by nobody after the crash.
    firm.rehearsal.on("files1", "systemctl start teller.service")
    firm.drive("build", extra={"restart": "allowed"})
    assert findings(look(firm, 0)) == {}
