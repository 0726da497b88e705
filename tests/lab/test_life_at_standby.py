# SPDX-License-Identifier: Apache-2.0
"""Life at the standby: copies go on to a third place, and the loss of the second site too is survived from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bascule_lab.demo.commands import FailedError

from . import cycle as cycles
from .cycle import DECLARE, Cycle, expect_usable
from .fault_table import FaultTable

PLACE = "outside"
COPIES = {"copies": PLACE}
ROWS = "select count(*), md5(string_agg(m::text, ',' order by id)) from movements m where id not like 'test-%'"
TREE = "cd /srv/maps && find . -printf '%y %m %u %g %p\\n' | sort && find . -type f | sort | xargs sha256sum"


@pytest.fixture(scope="module")
def cycle(lab_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("life", tmp_path_factory.mktemp("life")) as started:
        yield started


def fetched(cycle: Cycle, system: str) -> dict[str, object]:
    """Let the third place fetch now, and say what it knows then."""
    script = 'systemctl start "bascule-third-life-$1.service"; cat "/var/lib/bascule/life/state/$1.third.json"'
    return dict(json.loads(cycle.rehearsal.on(PLACE, script, system)))


def ship(cycle: Cycle, machine: str) -> None:
    """Let what was written so far leave the machine for the repositories, and the third place fetch it."""
    cycle.rehearsal.on(machine, "cd / && runuser -u postgres -- psql -XqAtc 'select pg_switch_wal()' && sleep 3")
    cycle.rehearsal.on(machine, "systemctl start bascule-copy-life-maps.service")
    for system in ("deeds-db", "maps"):
        assert fetched(cycle, system)["result"] == "ok"


def place_of(cycle: Cycle, driver: str, system: str, at: str) -> dict[str, object]:
    entry = next(entry for entry in cycle.runs[driver].report["systems"] if entry["id"] == system)
    return dict(next(place for place in entry["places"] if place["at"] == at))


@pytest.mark.lab_full
def test_the_third_place_has_what_the_standby_has_and_cannot_be_reached_from_there(cycle: Cycle) -> None:
    cycle.drive("build", extra={"restart": "allowed"})
    status = cycle.rehearsal.driver("status")
    cycle.runs["status"] = status
    for system in ("deeds-db", "maps"):
        third, standby = (place_of(cycle, "status", system, at) for at in ("third", "standby"))
        assert third["place"] == PLACE
        assert (third["away"], standby["away"]) == (True, True), "both survive the primary, which serves"
        assert third["bytes"]
        assert third["age_s"] is not None
    # What is at the standby can be destroyed there, and the third place keeps it for as long as the policy says.
    held = "find /var/lib/bascule-copies/life -type f | grep -v bascule-id | sort | xargs sha256sum"
    before = cycle.rehearsal.on(PLACE, held)
    cycle.rehearsal.on("base2", "cp -a /var/lib/bascule/copies/life /root/kept")
    damage = "cd /var/lib/bascule/copies/life/maps && rm -r data && for f in index/*; do echo bad > $f; done"
    cycle.rehearsal.on("base2", damage)
    fetched(cycle, "maps")
    assert set(before.splitlines()) <= set(cycle.rehearsal.on(PLACE, held).splitlines())
    cycle.rehearsal.on("base2", "rm -r /var/lib/bascule/copies/life && mv /root/kept /var/lib/bascule/copies/life")
    # The key of the third place opens one thing: reading copies.
    reach = 'ssh -F /etc/bascule/life/maps.third.ssh_config copies "$1"'
    for command in ("id", "rsync --server -r . 0/", "rsync --server --sender -r . 1/", "cat /etc/shadow"):
        with pytest.raises(FailedError, match="only serves the trees of one system, for reading"):
            cycle.rehearsal.on(PLACE, reach, command)
    # And the standby has no key for the third place.
    assert "outside" not in cycle.rehearsal.on("base2", "cat /etc/bascule/life/*.ssh_config 2>/dev/null; true")


@pytest.mark.lab_full
def test_copies_that_are_not_there_are_refused(cycle: Cycle, fault_table: FaultTable) -> None:
    run = cycle.rehearsal.driver("activate", env=DECLARE, extra={"copies": "elsewhere"})
    fault_table.ends_with(
        run, id="copies-elsewhere", fault="A place is named that keeps no copies.", driver="activate", stage="guard",
        says="Refused: copies=elsewhere: no copies are kept there. The third place is outside.", exit=2,
        then="Name the third place of the policy, `-e copies=outside`.",
    )  # fmt: skip


@pytest.mark.lab_full
def test_both_sites_are_lost_one_after_the_other(cycle: Cycle, fault_table: FaultTable) -> None:
    cycle.rehearsal.lab("kill", "primary")
    cycle.drive("activate", env=DECLARE)
    expect_usable(cycle, "activate")
    # Life at the standby: people work, and copies go on.
    written = "insert into movements select 'at-standby-' || n, n from generate_series(1, 300) n"
    cycle.sql("deeds-db", "standby", "deeds", written)
    cycle.rehearsal.on("base2", "cd /srv/maps && echo changed >> map-1.txt && sha256sum map-*.txt > SHA256SUMS")
    ship(cycle, "base2")
    status = cycle.rehearsal.driver("status")
    cycle.runs["status"] = status
    for system in ("deeds-db", "maps"):
        assert not place_of(cycle, "status", system, "standby")["away"], "what is at the standby is lost with it"
        assert place_of(cycle, "status", system, "third")["away"]
    assert {entry["unprotected_since"] for entry in status.report["systems"]} == {None}
    rows, tree = cycle.sql("deeds-db", "standby", "deeds", ROWS), cycle.rehearsal.on("base2", TREE)

    # The second disaster. What was written after the last fetch is lost, and measured.
    cycle.rehearsal.lab("kill", "standby")
    cycle.rehearsal.lab("replace", "base2")
    refused = cycle.rehearsal.driver("activate", env=DECLARE)
    fault_table.ends_with(
        refused, id="standby-replaced",
        fault="The standby's machines were replaced by empty ones, and the primary is gone.",
        driver="activate", stage="guard", exit=2,
        says="Refused: base2 holds nothing of deeds-db: it was replaced, or never built. Copies are kept on outside. "
        "To make new machines from them, start again with -e copies=outside.",
        then="Start it again with `-e copies=outside`, from a controller that still lives.",
    )  # fmt: skip
    cycle.drive("activate", env=DECLARE, extra=COPIES)
    expect_usable(cycle, "activate")
    assert cycle.sql("deeds-db", "standby", "deeds", ROWS) == rows
    assert cycle.rehearsal.on("base2", TREE) == tree
    for row in cycle.runs["activate"].report["activities"]:
        assert row["measured"]["rpa_is"] == "exact", row
    # It is protected again, and the same command changes nothing.
    for system in ("deeds-db", "maps"):
        assert fetched(cycle, system)["result"] == "ok"
    cycle.drive("activate", env=DECLARE, extra=COPIES)
    assert cycle.sql("deeds-db", "standby", "deeds", ROWS) == rows

    # Without the third place the site that serves is not protected, and that is said.
    cycle.rehearsal.lab("kill", PLACE)
    alone = cycle.rehearsal.driver("status")
    assert alone.outcome.exit != 0
    assert all(entry["unprotected_since"] for entry in alone.report["systems"] if entry["keeps_data"]), alone.report
    cycle.rehearsal.lab("start", PLACE)

    # Home again, to a primary that is empty too; then all of ours goes, but for the copies that may be the last.
    cycle.rehearsal.lab("replace", "base1")
    cycle.drive("failback")
    expect_usable(cycle, "failback", ("kept", "not_shown"))
    assert cycle.sql("deeds-db", "primary", "deeds", ROWS) == rows
    assert cycle.rehearsal.on("base1", TREE) == tree
    cycle.drive("teardown", extra={"restart": "allowed"})
    cycles.expect_nothing_left(cycle)
    for system in ("deeds-db", "maps"):
        folder = f"/var/lib/bascule-copies/life/{system}"
        notes = cycle.runs["teardown"].report["notes"]
        assert any(f"Copies were kept on {PLACE} in {folder}" in note for note in notes), notes
        assert cycle.rehearsal.on(PLACE, 'find "$1" -type f | head -1', folder).strip()
