# SPDX-License-Identifier: Apache-2.0
"""What tests ask of the database of the policy `pgtest`, a register, of who writes into it, and of its backups."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from .cycle import Cycle

# Runs on the third site's machine: writes rows as fast as they are acknowledged, prints each number that was.
WRITER = r"""
import os, select, subprocess, sys, time
host, seconds, number = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", host, "-U", "clerk", "-d", "erp"]
env = dict(os.environ, PGPASSWORD="clerk", PGCONNECT_TIMEOUT="2")
p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, bufsize=1)
end = time.time() + seconds
while time.time() < end:
    try:
        p.stdin.write("insert into rows values (%d, clock_timestamp()) returning seq;\n" % number)
    except BrokenPipeError:
        break
    if not select.select([p.stdout], [], [], 2)[0] or not p.stdout.readline().strip():
        break
    print(number, time.time())
    number += 1
    time.sleep(0.01)
p.kill()
"""


class Writer:
    """Writes at a side until the machine is gone or `seconds` are over; `acknowledged` is what was confirmed and when,
    by the clock of who wrote."""

    def __init__(self, firm: Cycle, side: str, seconds: float, first: int) -> None:
        address = firm.rehearsal.plan["systems"]["erp-db"]["addresses"][side]
        self.acknowledged: dict[int, float] = {}

        def work() -> None:
            out = firm.rehearsal.on("outside", 'exec python3 - "$@"', address, str(seconds), str(first), stdin=WRITER)
            rows = (line.split() for line in out.splitlines())
            self.acknowledged = {int(number): float(moment) for number, moment in rows}

        self.thread = threading.Thread(target=work)
        self.thread.start()

    def end(self) -> dict[int, float]:
        self.thread.join(60)
        assert len(self.acknowledged) > 20
        return self.acknowledged


def rows(firm: Cycle, side: str) -> set[int]:
    return {int(line) for line in firm.sql("erp-db", side, "erp", "select seq from rows").split()}


def strategy(firm: Cycle, driver: str) -> str:
    """What the module said that it did, from the run's log of evidence."""
    journal = (firm.runs[driver].folder or Path()) / "journal.jsonl"
    return next(name for name in ("promote", "restore") if f'"strategy": "{name}"' in journal.read_text())


def pgbackrest(firm: Cycle, command: str) -> str:
    """What pgBackRest says at the repository's machine."""
    config = "--config=/etc/pgbackrest/bascule/erp-db.conf --stanza=erp-db"
    return firm.rehearsal.on("db2", f"cd /tmp; su postgres -s /bin/sh -c 'pgbackrest {config} {command}'")


def backups(firm: Cycle) -> list[str]:
    """Backups in the repository, oldest first."""
    listed = json.loads(pgbackrest(firm, "info --output=json"))[0]["backup"]
    return [str(entry["label"]) for entry in listed]
