# SPDX-License-Identifier: Apache-2.0
"""Faults of a database's copies: of another version, long out of date, damaged. One lab, healed after each test."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from . import cycle as cycles
from .cycle import DECLARE, Cycle
from .fault_table import FaultTable

pytestmark = [pytest.mark.lab_full]
REPOSITORY = "/var/lib/bascule/copies/faults-c/loans-db"
BACKREST = "cd / && exec runuser -u postgres -- pgbackrest --config=/etc/pgbackrest/bascule/loans-db-copy.conf " \
           "--stanza=loans-db"  # fmt: skip
# A file of the newest backup that every restore needs, and that no other backup refers to.
NEWEST_FILE = f"readlink -f {REPOSITORY}/backup/loans-db/latest/pg_data/global/pg_control.*"
STOP_REPLICA = "systemctl stop postgresql@15-main"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("faults-c", tmp_path_factory.mktemp("faults-c")) as cycle:
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


def loan(firm: Cycle, mark: str, side: str = "primary") -> None:
    """A row that can be recognised, in a log segment that has reached the repository."""
    firm.sql("loans-db", side, "loans", f"insert into loans values ('{mark}') on conflict do nothing")
    segment = firm.sql("loans-db", side, "postgres", "select pg_walfile_name(pg_switch_wal())").strip()
    reached = f"select last_archived_wal >= '{segment}' from pg_stat_archiver"
    for _ in range(60):
        if firm.sql("loans-db", side, "postgres", f"select pg_sleep(0.2); {reached}").strip() == "t":
            return
    raise AssertionError("the log did not reach the repository")


def marks(firm: Cycle, side: str) -> set[str]:
    """The rows that tests added."""
    return set(firm.sql("loans-db", side, "loans", "select mark from loans where mark not like 'old-%'").split())


def backup(firm: Cycle, kind: str) -> None:
    """A backup made now; the timer's own may be going on."""
    again = "for n in 1 2 3 4 5 6 7 8; do ({}) && exit 0; sleep 5; done; exit 1"
    firm.rehearsal.on("db2", again.format(f"{BACKREST} --type={kind} backup"))


def home(firm: Cycle) -> None:
    """The primary serves again, and what the standby had is there."""
    firm.rehearsal.lab("start", "primary")
    firm.drive("failback")


def test_another_major_version(firm: Cycle, fault_table: FaultTable) -> None:
    """The standby's machine was replaced by one with the next Debian, whose PostgreSQL is another."""
    says = ("db2 has PostgreSQL 17, and loans-db is of version 15: no major version reads the data of another. Install "
            "there: apt-get install postgresql-15. Then run dr-build.yml.")  # fmt: skip
    then = "Install the version that the primary has, then `dr-build.yml`. Until then nothing protects the activity."
    fault = "The standby has PostgreSQL of another major version."
    before = marks(firm, "primary")
    firm.rehearsal.lab("replace", "db2", "--suite", "trixie", limit_s=2400)
    for driver, env in (("status", {}), ("build", {}), ("activate", DECLARE)):
        run = firm.rehearsal.driver(driver, env=env)
        fault_table.ends_with(run, id=f"other-major-{driver}", fault=fault, driver=driver, exit=2, says=says,
                              then=then)  # fmt: skip
    # The primary was stopped for the standby, which cannot take over: it can be told to go on, unprotected.
    run = firm.rehearsal.driver("failback")
    fault_table.ends_with(
        run, id="other-major-failback", fault="The primary was stopped for a standby that cannot take over.",
        driver="failback", stage="protect", exit=2,
        says="Log of loans-db does not reach the repository within … s: segment … waits on db1.",
        then="The primary serves again. Put the standby right, then `dr-build.yml`: until then nothing protects the "
        "activity.",
    )  # fmt: skip
    assert [entry["word"] for entry in run.report["activities"]] == ["usable"]
    assert not run.report["ok"]
    assert marks(firm, "primary") == before
    firm.rehearsal.lab("replace", "db2", limit_s=600)
    firm.drive("build", extra={"restart": "allowed"})
    firm.drive("activate", env=DECLARE)
    home(firm)


def test_the_newest_backup_is_damaged(firm: Cycle, fault_table: FaultTable) -> None:
    backup(firm, "full")
    backup(firm, "full")
    loan(firm, "after-both")
    everything = marks(firm, "primary")
    with cycles.damaged(firm, "db2", NEWEST_FILE):
        status = firm.rehearsal.driver("status")
        fault_table.ends_with(
            status, id="backup-damaged-status", fault="The newest backup of a database is damaged.", driver="status",
            exit=0,
            says="The newest backup … of loans-db on db2 is damaged. A restore would start from …, … older, and replay "
            "the log from there. Make a full backup.",
            then="Find out why (the disk of the standby?), and make a full backup.",
        )  # fmt: skip
        sound = re.findall(r"(\d{8}-\d{6}F)  pgbackrest", status.outcome.log.read_text())
        # By its name, the damaged one is refused; the live copy is still there afterwards.
        firm.rehearsal.lab("kill", "primary")
        chosen = firm.rehearsal.on("db2", f"basename $(readlink -f {REPOSITORY}/backup/loans-db/latest)").strip()
        run = firm.rehearsal.driver("activate", env=DECLARE, extra={"scenario": "compromise", "recovery_point": chosen})
        fault_table.ends_with(
            run, id="backup-damaged-named", fault="A backup that is chosen by its name is damaged.",
            driver="activate", stage="recover", exit=2,
            says="The backup … of loans-db, made … UTC, is damaged and was not recovered (…). The same moment can be "
            "reached from the backup before it and the archived log: -e recovery_point=…Z. The older backup alone is "
            "…, … older: what was written in between would be lost. To take it: -e recovery_point=…. What was there "
            "before is untouched.",
            then="Start again with one of the two points.",
        )  # fmt: skip
        assert marks(firm, "standby") == everything
        assert chosen not in sound
    firm.drive("activate", env=DECLARE)
    home(firm)


def test_a_replica_that_was_broken_for_a_day(firm: Cycle, fault_table: FaultTable) -> None:
    loan(firm, "both-have-it")
    firm.rehearsal.on("db2", STOP_REPLICA)
    # The primary keeps no more log for it, and the repository keeps none from before its newest full backup.
    for statement in ("alter system set max_slot_wal_keep_size = '16MB'", "alter system set wal_keep_size = 0",
                      "select pg_reload_conf()"):  # fmt: skip
        firm.sql("loans-db", "primary", "postgres", statement)
    for number in range(4):
        loan(firm, f"later-{number}")
    firm.sql("loans-db", "primary", "postgres", "checkpoint")
    for statement in ("alter system reset max_slot_wal_keep_size", "alter system reset wal_keep_size",
                      "select pg_reload_conf()"):  # fmt: skip
        firm.sql("loans-db", "primary", "postgres", statement)
    backup(firm, "full")
    firm.rehearsal.on("db2", f"{BACKREST} --repo1-retention-full-type=count --repo1-retention-full=1 expire")
    loan(firm, "last")
    status = firm.rehearsal.driver("status")
    fault_table.ends_with(
        status, id="replica-broken-status", fault="The live copy was broken for longer than log is kept for it.",
        driver="status", exit=0,
        says="db1 dropped log that the live copy of loans-db lacks: run dr-build.yml to copy it anew.",
        then="`dr-build.yml` copies it anew. An activation would restore a backup meanwhile.",
    )  # fmt: skip
    everything = marks(firm, "primary")
    firm.rehearsal.lab("kill", "primary")
    run = firm.drive("activate", env=DECLARE)
    assert marks(firm, "standby") == everything
    fault_table.ends_with(
        run, id="replica-broken", fault="The live copy was broken for longer than log is kept for it.",
        driver="activate", stage="recover", exit=0,
        says="loans-db: the live copy cannot be used: it ends at … UTC and gets nothing more, the archived log goes on "
        "to … UTC. A backup with its archived log was restored instead.",
        then="Nothing at once: the loss is in the report. After the failback, find out why nobody saw `dr-status.yml`.",
    )  # fmt: skip
    cycles.expect_usable(firm, "activate", ("kept", "not_shown"))
    home(firm)


def test_the_live_copy_is_gone_too(firm: Cycle, fault_table: FaultTable) -> None:
    backup(firm, "full")
    backup(firm, "full")
    loan(firm, "after-all")
    everything = marks(firm, "primary")
    with cycles.damaged(firm, "db2", NEWEST_FILE):
        firm.rehearsal.on("db2", f"{STOP_REPLICA}; rm /var/lib/postgresql/15/main/global/pg_control")
        firm.rehearsal.lab("kill", "primary")
        run = firm.rehearsal.driver("activate", env=DECLARE)
        assert marks(firm, "standby") == everything
        fault_table.ends_with(
            run, id="backup-damaged", fault="The newest backup of a database is damaged, and the live copy is gone.",
            driver="activate", stage="recover", exit=0,
            says="loans-db: the backup … is damaged. … was restored instead, and the archived log replayed to the same "
            "moment: nothing more is lost by that. Make a full backup soon.",
            then="Make a full backup once the failback is done.",
        )  # fmt: skip
    home(firm)
