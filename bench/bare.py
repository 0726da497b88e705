# SPDX-License-Identifier: Apache-2.0
"""The recovery of the sample firm by hand: for each unit of its plan the few shell lines that somebody would type.

No guard, no journal, no check: what a recovery costs when nothing is asked of it. All of it is one run: it begins with
the attempt to stop what is left, so that two sites do not serve; then each unit begins as soon as those before it in
the plan's graph have ended, side by side with others on the same processors.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bascule_runtime import reach
from bench.sample_firm import OBSERVER, RUNTIME, WORKSHOP, BenchError, Firm

LIMIT_S = 300.0
ID = WORKSHOP.id
WRITABLE = """until runuser -u postgres -- "$psql" -XqAt -c 'select pg_current_xact_id()' >/dev/null 2>&1
do sleep 0.05; done"""
PSQL = "psql=/usr/lib/postgresql/15/bin/psql; cd /"
ANSWER = "until curl -fsS -m 2 -o /dev/null http://127.0.0.1:{port}/; do sleep 0.05; done"
OPEN = "until curl -s -m 2 -o /dev/null http://127.0.0.1/; do sleep 0.05; done"
RESTIC = (
    "restic -q -r /var/lib/bascule/copies/" + ID + "/{name} -p /etc/bascule/" + ID + "/{name}.password"
    " restore latest --target / --include {path}"
)  # fmt: skip
BACKREST = (
    "pgbackrest --config=/etc/pgbackrest/bascule/website-db.conf --stanza=website-db --delta --type=default restore"
)
# Machine and lines, by system.
SYSTEMS: dict[str, tuple[str, str]] = {
    "erp-db": ("db2", f"{PSQL}\nrunuser -u postgres -- $psql -XqAt -c 'select pg_promote(true, 200)'\n{WRITABLE}"),
    "erp": ("app2", "systemctl start tryton-server\n" + ANSWER.format(port=8000)),
    "documents": ("files2", RESTIC.format(name="documents", path="/srv/documents")),
    "documents-web": ("files2", f"systemctl start nginx\n{OPEN}"),
    "website-db": (
        "app2",
        f"{PSQL}\nsystemctl stop postgresql@15-main\nrm -f /var/lib/postgresql/15/main/standby.signal\n"
        f"runuser -u postgres -- {BACKREST}\nsystemctl start --no-block postgresql@15-main\n{WRITABLE}",
    ),
    "website": (
        "app2",
        RESTIC.format(name="website", path="/var/lib/website") + f"\nsystemctl start website nginx\n{OPEN}",
    ),
}  # fmt: skip
ASK = (
    f"export PYTHONPATH={RUNTIME}; until python3 -m bascule_runtime probe --config {{settings}} --activity {{name}}"
    " --marked >/dev/null; do sleep 0.1; done"
)


def ssh(firm: Firm, machine: str, lines: str) -> None:
    """Run lines as root on a machine, by the connection that the folder describes. Raises BenchError."""
    argv = ["ssh", "-F", "ssh_config", machine, "sudo", "sh", "-e", "-s"]
    done = subprocess.run(argv, input=lines, cwd=firm.rehearsal.build, text=True, capture_output=True, timeout=LIMIT_S,
                          check=False)  # fmt: skip
    if done.returncode:
        raise BenchError(f"by hand, on {machine}: {(done.stderr or done.stdout).strip()[-400:]}")


def names(firm: Firm, group: Mapping[str, Any]) -> None:
    """Point the names of a group at the standby, with nsupdate. Raises BenchError."""
    switch = firm.rehearsal.plan["switch"]
    lines = [f"server {switch['server']} {switch['port']}", f"zone {switch['zone']}"]
    for entry in group["names"]:
        address = entry["addresses"]["standby"]
        lines += [f"update delete {entry['fqdn']} A", f"update add {entry['fqdn']} {switch['ttl_s']} A {address}"]
    key = firm.rehearsal.commands.environment["BASCULE_DNS_KEY"]
    text = "\n".join([f"key {key_words(key)}", *lines, "send", ""])
    done = subprocess.run(["nsupdate"], input=text, text=True, capture_output=True, timeout=30, check=False)
    if done.returncode:
        raise BenchError(f"by hand, nsupdate: {done.stderr.strip()}")


def key_words(key: str) -> str:
    """A key `ALGORITHM:NAME:SECRET` as nsupdate reads it."""
    *algorithm, name, secret = key.strip().split(":")
    return f"{':'.join([*algorithm, name])} {secret}"


def do(firm: Firm, unit: Mapping[str, Any]) -> None:
    """Do what one unit is for, by hand. Raises BenchError."""
    subject, plan = unit["subject"], firm.rehearsal.plan
    if unit["kind"] == "system":
        ssh(firm, *SYSTEMS[subject])
    elif unit["kind"] == "switch":
        names(firm, plan["groups"][subject])
    else:
        ssh(firm, OBSERVER, ASK.format(settings=firm.settings, name=subject))


def try_to_stop(firm: Firm) -> None:
    """Knock at all machines that are left, at once, as long as the product does. Raises BenchError if one answers."""
    plan = firm.rehearsal.plan
    left = {system["machines"]["primary"] for system in plan["systems"].values()}
    doors = {name: (plan["machines"][name]["address"], int(plan["machines"][name].get("port") or 22)) for name in left}
    alive = sorted(name for name, answers in reach.answering(doors).items() if answers)
    if alive:
        raise BenchError(f"by hand: {', '.join(alive)} is not lost")


def by_hand(firm: Firm) -> float:
    """Recover everything by hand in one run; the seconds of it. Connections are open before it begins."""
    plan = firm.rehearsal.plan
    os.makedirs(os.path.expanduser("~/.bascule"), mode=0o700, exist_ok=True)
    for machine in {machine for machine, _ in SYSTEMS.values()} | {OBSERVER}:
        ssh(firm, machine, "true")
    ended = {unit["id"]: threading.Event() for unit in plan["units"]}

    def work(unit: Mapping[str, Any]) -> None:
        try:
            for name in unit["after"]:
                ended[name].wait()
            do(firm, unit)
        finally:
            ended[unit["id"]].set()

    began = time.monotonic()
    try_to_stop(firm)
    with ThreadPoolExecutor(len(ended)) as hands:
        for done in [hands.submit(work, unit) for unit in plan["units"]]:
            done.result()
    return time.monotonic() - began
