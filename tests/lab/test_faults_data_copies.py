# SPDX-License-Identifier: Apache-2.0
"""Faults of copies: damaged, locked, of another version, long out of date. One lab that is healed after each test."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from . import cycle as cycles
from .cycle import DECLARE, Cycle
from .fault_table import FaultTable

pytestmark = [pytest.mark.lab_full]
SCANS, LOANS = {"only": "scans"}, {"only": "loans"}
REPOSITORY = "/var/lib/bascule/copies/faults-b"
COPY = "systemctl start bascule-copy-faults-b-scans"
# The larger one of the two packs that came last: it holds content, the other one names.
NEWEST_PACK = f"ls -S $(ls -t $(find {REPOSITORY}/scans/data -type f) | head -2) | head -1"

# A program that was killed while it had the repository to itself, as the pruning agent has: its lock stays.
KILLED = """exec python3 - <<'E'
import glob, json, os, signal, subprocess, time
argv = json.load(open("/etc/bascule/faults-b/scans.json"))["prune"]["restic"]
for _attempt in range(30):
    restic = subprocess.Popen([*argv, "check", "--read-data"], start_new_session=True, stdout=subprocess.DEVNULL)
    while restic.poll() is None and not glob.glob("REPOSITORY/scans/locks/*"):
        time.sleep(0.002)
    time.sleep(0.05)
    os.killpg(restic.pid, signal.SIGKILL)
    restic.wait()
    if glob.glob("REPOSITORY/scans/locks/*"):
        break
E""".replace("REPOSITORY", REPOSITORY)
# A copy that never comes to its end, since what it reads does not.
ENDLESS = """systemd-run -q --unit=endless python3 -c '
import json, subprocess
argv = json.load(open("/etc/bascule/faults-b/scans.json"))["copy"]["restic"]
reading = subprocess.Popen(["sleep", "3600"], stdout=subprocess.PIPE)
subprocess.run([*argv, "backup", "--stdin", "--stdin-filename", "endless"], stdin=reading.stdout)'"""
LOCKS = f"ls {REPOSITORY}/scans/locks | wc -l"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("faults-b", tmp_path_factory.mktemp("faults-b")) as cycle:
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


def fresh_scan(firm: Cycle, name: str) -> None:
    """One more scan at the primary, and a copy that holds it."""
    firm.rehearsal.on("files1", f"cd /srv/scans; head -c 200000 /dev/urandom | base64 > {name}; "
                      f"sha256sum scan-*.txt > SHA256SUMS.new; mv SHA256SUMS.new SHA256SUMS; {COPY}")  # fmt: skip


def test_the_newest_copy_of_files_is_damaged(firm: Cycle, fault_table: FaultTable) -> None:
    older = firm.tree("scans", "primary")
    fresh_scan(firm, "scan-21.txt")
    served, empty = firm.tree("scans", "primary"), firm.rehearsal.on("files2", "ls -A /srv/scans 2>&1; true")
    assert served != older
    with cycles.damaged(firm, "files2", NEWEST_PACK):
        status = firm.rehearsal.driver("status", extra=SCANS)
        fault_table.ends_with(
            status, id="copy-damaged-files-status", fault="The newest copy of a tree of files is damaged.",
            driver="status", exit=2,
            says="The newest copy … of scans on files2 is damaged: an activation now would stop there. The newest "
            "whole one is …, … older: what was written in between would be lost. To take it: -e recovery_point=…",
            then="Find out why (the disk of the standby?). Until a later copy is whole, an activation needs the "
            "`recovery_point` that the sentence names.",
        )  # fmt: skip
        firm.rehearsal.lab("kill", "files1")
        run = firm.rehearsal.driver("activate", env=DECLARE, extra=SCANS)
        fault_table.ends_with(
            run, id="copy-damaged-files", fault="The newest copy of a tree of files is damaged.",
            driver="activate", stage="recover", exit=2,
            says="The copy … of scans, made … UTC, is damaged and was not put in place; what was there is untouched. "
            "(/srv/scans/scan-21.txt: ciphertext verification failed.) The newest one before it that is whole is …, … "
            "older: what was written in between would be lost. To take it: -e recovery_point=…",
            then="Decide whether that loss is acceptable, then start again with the `recovery_point` that the sentence "
            "names. It was read from its first byte to its last.",
        )  # fmt: skip
        assert firm.rehearsal.on("files2", "ls -A /srv/scans 2>&1; true") == empty
        offered = status.outcome.log.read_text().rsplit("recovery_point=", 1)[1][:8]
        firm.drive("activate", env=DECLARE, extra={**SCANS, "recovery_point": offered})
        assert firm.tree("scans", "standby") == older
        cycles.expect_usable(firm, "activate", ("kept", "not_shown"), ("scans",))
        (row,) = firm.runs["activate"].report["activities"]
        assert row["measured"]["rpa_s"] > 0
    firm.rehearsal.lab("start", "primary")
    firm.drive("failback", extra=SCANS)


def locks(firm: Cycle) -> int:
    """How many locks the repository has."""
    return int(firm.rehearsal.on("files2", LOCKS))


def test_a_lock_that_was_left_behind(firm: Cycle, fault_table: FaultTable) -> None:
    """First of a program of the repository's own machine, then of the primary, which dies while it makes a copy."""
    fault = "A program that was killed, or a machine that died, left a lock in the copies of a tree of files."
    says = "A lock that nobody holds was taken away from the copies of scans on files2."
    firm.rehearsal.on("files2", KILLED)
    assert locks(firm) == 1
    run = firm.rehearsal.driver("build", extra={"restart": "allowed"})
    assert locks(firm) == 0
    fault_table.ends_with(
        run, id="lock-left-build", fault=fault, driver="build", exit=0, says=says,
        then="Nothing: copies go on. Until then, each waits for a quarter of an hour and fails, which `dr-status.yml` "
        "says.",
    )  # fmt: skip
    fresh_scan(firm, "scan-22.txt")
    served = firm.tree("scans", "primary")
    firm.rehearsal.on("files1", ENDLESS)
    deadline = time.monotonic() + 120
    while locks(firm) < 1 and time.monotonic() < deadline:
        time.sleep(0.2)
    firm.rehearsal.lab("kill", "primary")
    assert locks(firm) == 1
    run = firm.rehearsal.driver("activate", env=DECLARE, extra=SCANS)
    assert firm.tree("scans", "standby") == served
    assert locks(firm) == 0
    fault_table.ends_with(
        run, id="lock-left", fault=fault, driver="activate", stage="protect", exit=0, says=says,
        then="Nothing: a recovery reads whoever holds a lock, and copies of the side that serves now go on.",
    )  # fmt: skip
    firm.rehearsal.lab("start", "primary")
    firm.drive("failback", extra=SCANS)
