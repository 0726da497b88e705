# SPDX-License-Identifier: Apache-2.0
"""Home to a primary whose machines were replaced: all at once, one by one, interrupted; nothing that counts is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bascule_lab.demo.rehearsal import Run

from . import cycle as cycles
from . import homeward
from .cycle import DECLARE, Cycle
from .fault_table import FaultTable, said

pytestmark = [pytest.mark.lab_full]
# In this order, each run being killed where the one before was let through: what each leaves behind is the next one's.
PLACES = {
    "configure": homeward.phase("configure"),
    "prepare": homeward.phase("prepare"),
    "resync": homeward.phase("resync"),
    "held": homeward.ended("system.shelf", "hold"),
    "compared": homeward.compared,
    "stopped": homeward.stopped("system.desk-db"),
    "returned": homeward.ended("system.desk-db", "serve"),
    "switched": homeward.ended("switch.", "serve"),
    "marker": homeward.phase("marker"),
    "protect": homeward.phase("protect"),
}
ROGUE = "systemd-run -q --unit=rogue sh -c 'while sleep 0.2; do date >> /srv/plans/rogue.txt; done'"
LATE = ("kept", "not_shown", "missed")


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("home", tmp_path_factory.mktemp("home")) as cycle:
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


def lose(firm: Cycle, *replaced: str) -> None:
    """The primary is gone, the standby serves; some machines were replaced by empty ones since."""
    firm.rehearsal.lab("kill", "primary")
    firm.drive("activate", env=DECLARE)
    for machine in replaced:
        firm.rehearsal.lab("replace", machine)


def leave(firm: Cycle) -> None:
    """A planned move: the standby serves, the primary follows."""
    firm.drive("activate", env=DECLARE, extra={"scenario": "planned"})


def put(firm: Cycle, name: str) -> None:
    """Write one order and one plan under the users' names; both must be taken."""
    script = "for at in desk.harbour.test:8080 shelf.harbour.test:8081; do curl -sSf -m 5 -X PUT -d $1 $at/$1; done"
    firm.rehearsal.on("outside", script, name)


def says(run: Run, sentence: str) -> None:
    """A run that did not keep its promise, and said so."""
    assert run.outcome.exit == 2, cycles.tail(run)
    assert said(sentence, run.outcome.log.read_text(encoding="utf-8", errors="replace")), cycles.tail(run)


def test_all_machines_were_replaced(firm: Cycle) -> None:
    before = homeward.facts(firm, "primary")
    lose(firm, "db1", "app1")
    with homeward.writing(firm, 1000) as watched:
        firm.drive("failback")
    watched.hold(firm)
    cycles.expect_usable(firm, "failback")
    assert homeward.facts(firm, "primary")["ledger"] == before["ledger"]


def test_killed_at_each_stage_and_run_again(firm: Cycle) -> None:
    lose(firm, "db1", "app1")
    with homeward.writing(firm, 100000) as watched:
        for when in PLACES.values():
            homeward.killed(firm, "failback", when)
        firm.drive("failback")
    watched.hold(firm)
    cycles.expect_usable(firm, "failback", LATE)


def test_one_machine_after_the_other(firm: Cycle, fault_table: FaultTable, tmp_path: Path) -> None:
    lose(firm)
    known = Path(str(firm.rehearsal.build), "known_hosts").read_text()
    firm.rehearsal.lab("replace", "app1", "--new-host-key")
    barred = firm.rehearsal.driver("failback")
    says(barred, "app1 does not show the host key that is pinned for it")
    says(barred, "pin it (bascule trust)")
    trust(firm, "app1", known, tmp_path)
    first = firm.rehearsal.driver("failback")
    fault_table.ends_with(
        first, id="home-machine-missing", driver="failback", stage="guard", exit=2,
        fault="One machine of the primary does not come back; the others do.",
        says="desk-db stays where it is: db1 cannot be reached, and a return needs both sides.",
        then="Nothing at once: what does not need that machine is home, the rest goes on at the standby. Bring the "
             "machine back or put an empty one in its place, then run the same command.",
    )  # fmt: skip
    words = {row["id"]: row["word"] for row in first.report["activities"]}
    assert words["plans"] == "usable"
    assert words["orders"] != "usable"
    put(firm, "between")
    assert "between" in firm.rehearsal.on("app1", "ls /srv/plans")
    assert "between" in firm.sql("desk-db", "standby", "desk", "select id from orders")
    firm.rehearsal.lab("replace", "db1")
    firm.drive("failback")
    cycles.expect_usable(firm, "failback", LATE)
    assert "between" in homeward.records(firm, "primary")


def trust(firm: Cycle, machine: str, known: str, folder: Path) -> None:
    """What the person does whose machine was replaced: pin its new key, compile again."""
    home = folder / "policy"
    shutil.copytree(firm.rehearsal.policy.parent, home)
    (home / "known_hosts").write_text(known)
    look = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
    shown = firm.rehearsal.on(machine, look).split()[1]
    bascule = [sys.executable, "-m", "bascule"]
    told = subprocess.run([*bascule, "trust", machine, str(home / "policy.yml"), "--fingerprint", shown],
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    subprocess.run([*bascule, "compile", str(home / "policy.yml"), "-o", str(firm.rehearsal.build)],
                   check=True, timeout=120)  # fmt: skip


def test_data_that_differ_keep_their_group(firm: Cycle) -> None:
    leave(firm)
    firm.rehearsal.on("app1", ROGUE)
    spoil = """set -e
    pg_ctlcluster 15 main stop
    file=$(find /var/lib/postgresql/15/main/base -name "$1")
    python3 - "$file" <<'P'
import sys
with open(sys.argv[1], "r+b") as page:
    page.seek(8192 - 5)
    byte = page.read(1)
    page.seek(8192 - 5)
    page.write(bytes([byte[0] ^ 1]))
P
    systemctl start postgresql@15-main"""
    number = firm.sql("desk-db", "standby", "desk", "select relfilenode from pg_class where relname = 'ledger'").strip()
    firm.rehearsal.on("db1", spoil, number)
    try:
        run = firm.rehearsal.driver("failback")
    finally:
        firm.rehearsal.on("app1", "systemctl stop rogue")
    # The file, or the folder in which it is about to be.
    says(run, "The files of plans differ between app2 and app1: /srv/plans…")
    says(run, "The data of desk-db differ between db2 and db1: desk: public.ledger.")
    put(firm, "after-a-difference")
    firm.rehearsal.on("db1", "pg_dropcluster --stop 15 main")
    firm.drive("failback")
    cycles.expect_usable(firm, "failback", LATE)
    assert "after-a-difference" in homeward.records(firm, "primary")


def test_what_only_the_old_primary_had_is_kept_aside(firm: Cycle) -> None:
    # A test before may have kept copies from being made: all that others wrote is in one.
    firm.rehearsal.on("app1", "systemctl start bascule-copy-home-plans.service")
    firm.rehearsal.lab("cut", "primary", "standby")
    only = "insert into orders (id) select 'only-here-' || n from generate_series(1, 7) n"
    firm.sql("desk-db", "primary", "desk", only)
    firm.rehearsal.on("app1", "echo only here > /srv/plans/only-here.txt; echo more >> /srv/plans/plan-3.txt")
    firm.rehearsal.lab("kill", "primary")
    firm.rehearsal.lab("heal")
    firm.drive("activate", env=DECLARE)
    firm.rehearsal.lab("start", "primary")
    run = firm.drive("failback")
    cycles.expect_usable(firm, "failback", LATE)
    told = " ".join(run.report["notes"])
    assert "db1 wrote 1 transactions that db2 never had" in told
    assert "app1 held 2 files of plans that app2 never had" in told
    assert "only-here" not in " ".join(homeward.records(firm, "primary"))
    newest = "ls -d /srv/.bascule-kept-home-plans-*/srv/plans | tail -n 1"
    kept = firm.rehearsal.on("app1", f'cd "$({newest})" && cat only-here.txt plan-3.txt')
    assert kept.startswith("only here\n")
    assert kept.endswith("more\n")
    firm.rehearsal.on("db1", "grep -rlaq only-here-7 /var/lib/postgresql/15/main.kept-*/")


def test_a_new_empty_standby_is_built_while_the_primary_serves(firm: Cycle) -> None:
    for machine in ("db2", "app2"):
        firm.rehearsal.lab("replace", machine)
    put(firm, "before-the-new-standby")
    firm.drive("build", extra={"restart": "allowed"})
    firm.drive("status")
    firm.rehearsal.lab("kill", "primary")
    firm.drive("activate", env=DECLARE)
    cycles.expect_usable(firm, "activate", LATE)
    assert "before-the-new-standby" in homeward.records(firm, "standby")
    firm.rehearsal.lab("start", "primary")
    firm.drive("failback")
    cycles.expect_usable(firm, "failback", LATE)
