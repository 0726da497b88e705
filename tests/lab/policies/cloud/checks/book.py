# SPDX-License-Identifier: Apache-2.0
"""Book one movement and read it back in a second session, with psql, under the name that users type."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys

# Who answers is known by the rows that only this firm has.
OURS = "select count(*) = 20000 from movements where id like 'seed-%'"


class NotUsableError(Exception):
    """Says why nothing can be booked."""


def sql(statement: str, **values: str) -> list[str]:
    """Lines that one statement gives; `:'name'` stands for a value. Raises NotUsableError."""
    argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "stock.depot.test", "-U", "stock", "-d", "stock"]
    for name, value in values.items():
        argv += ["-v", f"{name}={value}"]
    password = os.environ.get("BASCULE_SECRET_STOCK_PASSWORD", "")
    environment = {
        **os.environ,
        "PGPASSWORD": password,
        "PGCONNECT_TIMEOUT": "2",
        "PGOPTIONS": "-c statement_timeout=3000",
    }
    try:
        done = subprocess.run(argv, input=statement, capture_output=True, text=True, env=environment, timeout=6)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotUsableError(f"psql did not answer: {error}") from error
    if done.returncode:
        raise NotUsableError(" ".join(done.stderr.split()) or f"psql ended with {done.returncode}")
    return done.stdout.splitlines()


def ours() -> None:
    """Raise NotUsableError unless the firm's own database answers."""
    if sql(OURS) != ["t"]:
        raise NotUsableError("what answered is not the database of the firm")


def held(records: list[str]) -> dict[str, list[str]]:
    """Which of the records are still there."""
    ours()
    there = set(sql("select id from movements where id like 'test-%'"))
    return {"held": [r for r in records if r in there], "lost": [r for r in records if r not in there]}


def book() -> dict[str, object]:
    """Book one movement and read it back."""
    record = f"test-{secrets.token_hex(8)}"
    ours()
    sql("insert into movements (id, pieces) values (:'id', 1)", id=record)
    if sql("select pieces from movements where id = :'id'", id=record) != ["1"]:
        raise NotUsableError(f"{record} was acknowledged and cannot be read back")
    return {"ok": True, "record": record}


if __name__ == "__main__":
    try:
        print(json.dumps(held(json.load(sys.stdin)) if sys.argv[1:] == ["--held"] else book()))
    except NotUsableError as problem:
        print(json.dumps({"ok": False, "reason": str(problem)}))
        sys.exit(1)
