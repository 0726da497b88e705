# SPDX-License-Identifier: Apache-2.0
"""The harbour office on its way home: who writes meanwhile, who may write at all, and runs that are killed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bascule_lab.demo.rehearsal import beside_python, runs

from .cycle import DECLARE, Cycle

Event = dict[str, Any]
STOP = "/run/writing-ends"
# Under the users' names, as fast as it goes: each line is a record that was acknowledged.
WRITER = """
import http.client, os, sys, time
number = int(sys.argv[1])
names = {"order": ("desk.harbour.test", 8080), "plan": ("shelf.harbour.test", 8081)}
while not os.path.exists(sys.argv[2]):
    number += 1
    for kind, (host, port) in names.items():
        name = "%s-%d" % (kind, number)
        connection = http.client.HTTPConnection(host, port, timeout=1.5)
        try:
            connection.request("PUT", "/" + name, body=name)
            answer = connection.getresponse()
            if answer.status == 201 and answer.read().startswith(b"The Harbour Office"):
                print(name, flush=True)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
    time.sleep(0.05)
"""
# Each side's own address: which of them would take a write now? Both at once must never be.
SIDES = """
import http.client, os, sys, time, psycopg2
def database(address):
    try:
        connection = psycopg2.connect(host=address, user="desk", password="desk", dbname="desk", connect_timeout=1)
    except psycopg2.Error:
        return False
    try:
        cursor = connection.cursor()
        cursor.execute("select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off'")
        return cursor.fetchone()[0]
    except psycopg2.Error:
        return False
    finally:
        connection.close()
def shelf(address):
    connection = http.client.HTTPConnection(address, 8081, timeout=1)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
while not os.path.exists(sys.argv[1]):
    for what, look, one, two in (("database", database, "10.85.1.11", "10.85.2.11"),
                                 ("shelf", shelf, "10.85.1.12", "10.85.2.12")):
        print(what, ("primary " if look(one) else "") + ("standby" if look(two) else ""), flush=True)
    time.sleep(0.2)
"""
ROWS = "select count(*), md5(string_agg(o::text, ',' order by id)) from orders o where id not like 'test-%'"
LEDGER = "select count(*), sum(hashtextextended(l::text, 0)::numeric) from ledger l"


def facts(firm: Cycle, side: str) -> dict[str, str]:
    """All that both sides must share."""
    return {"orders": firm.sql("desk-db", side, "desk", ROWS), "ledger": firm.sql("desk-db", side, "desk", LEDGER),
            "plans": firm.tree("plans", side),
            "slips": firm.rehearsal.on(firm.machine("desk", side), "cd /var/lib/desk && ls | sort | sha256sum")}


def records(firm: Cycle, side: str) -> set[str]:
    """Names of the orders (row and slip) and of the plans that are at a side."""
    rows = set(firm.sql("desk-db", side, "desk", "select id from orders").split())
    slips = set(firm.rehearsal.on(firm.machine("desk", side), "ls /var/lib/desk").split())
    plans = set(firm.rehearsal.on(firm.machine("plans", side), "ls /srv/plans").split("\n"))
    return (rows & slips) | plans


def start(firm: Cycle, script: str, *words: str) -> subprocess.Popen[str]:
    """A script of ours on the machine of the third site; it ends when STOP is there."""
    argv = [sys.executable, "-m", "bascule_lab", "exec", str(firm.rehearsal.policy), "outside",
            "python3", "-c", script, *words]  # fmt: skip
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)


class Watched:
    """What went on meanwhile: `acknowledged` records, and how often each side would have taken writes."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self.seen: list[str] = []

    def hold(self, firm: Cycle) -> None:
        """Nothing that was acknowledged is missing at the primary, and there were never two sides to write to."""
        assert len(self.acknowledged) > 40, "the writer did not work"
        assert not self.acknowledged - records(firm, "primary")
        counts = {line: self.seen.count(line) for line in set(self.seen)}
        assert not [line for line in counts if "primary standby" in line], counts
        for what in ("database", "shelf"):
            assert counts.get(f"{what} standby"), counts
            assert counts.get(f"{what} primary "), counts


@contextlib.contextmanager
def writing(firm: Cycle, first: int) -> Iterator[Watched]:
    """Somebody writes under the users' names all the while, and somebody looks which sides would take it."""
    found = Watched()
    firm.rehearsal.on("outside", f"rm -f {STOP}")
    writer, looker = start(firm, WRITER, str(first), STOP), start(firm, SIDES, STOP)
    try:
        yield found
        time.sleep(2)
    finally:
        firm.rehearsal.on("outside", f"touch {STOP}")
        found.acknowledged = set(writer.communicate(timeout=30)[0].split())
        found.seen = looker.communicate(timeout=30)[0].splitlines()


def killed(firm: Cycle, driver: str, when: Callable[[Event], bool], limit_s: float = 900) -> list[Event]:
    """Run a driver until an event of its journal is the one, then SIGKILL ansible-playbook; the events until then."""
    folder, commands = firm.rehearsal.build, firm.rehearsal.commands
    before, end = runs(folder), time.monotonic() + limit_s
    with open(commands.folder / f"killed-{time.time():.0f}.log", "wb") as log:
        playbook = subprocess.Popen(
            [beside_python("ansible-playbook"), f"dr-{driver}.yml"], cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, env={**commands.environment, **DECLARE}, start_new_session=True)  # fmt: skip
        try:
            while time.monotonic() < end:
                new = sorted(runs(folder) - before)
                events = journalled(new[-1]) if new else []
                if any(when(event) for event in events):
                    return events
                assert playbook.poll() is None, f"it ended before it could be killed: {log.name}"
                time.sleep(0.01)
            raise AssertionError(f"it did not come to the place where it is to be killed: {log.name}")
        finally:
            playbook.kill()
            playbook.wait(30)


def journalled(run: Path) -> list[Event]:
    """The whole lines of a journal that is being written."""
    path = run / "journal.jsonl"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def phase(name: str) -> Callable[[Event], bool]:
    """A part of the time line begins."""
    return lambda event: event["event"] == "phase" and event["phase"] == name


def ended(kind: str, stage: str) -> Callable[[Event], bool]:
    """The first unit of a kind has ended a stage."""
    return lambda event: (event["event"] == "unit" and event["stage"] == stage and event["unit"].startswith(kind)
                          and event["state"] in ("done", "same"))


def compared(event: Event) -> bool:
    """The last of a system's data has come, and is the same at both sides."""
    return (event["event"] == "task" and event.get("step") == "resync" and event.get("word") == "data_correct"
            and bool((event.get("evidence") or {}).get("final")))


def stopped(unit: str) -> Callable[[Event], bool]:
    """The side that is left has stopped for good, and the other does not serve yet."""
    return lambda event: (event["event"] == "task" and event.get("unit") == unit and event.get("step") == "demote"
                          and (event.get("evidence") or {}).get("mode") == "stop")
