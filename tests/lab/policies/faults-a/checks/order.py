# SPDX-License-Identifier: Apache-2.0
"""Take one order and read it back in a second session, with psql, under the name that users type."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys

# Who answers is known by the rows that only this firm has.
OURS = "select count(*) = 1000 from orders where mark like 'old-%'"


class NotUsableError(Exception):
    """Says why no order can be taken."""


def sql(statement: str, **values: str) -> list[str]:
    """Lines that one statement gives; `:'name'` stands for a value. Raises NotUsableError."""
    argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "orders.bindery.test", "-U", "clerk", "-d", "orders"]
    for name, value in values.items():
        argv += ["-v", f"{name}={value}"]
    own = {"PGPASSWORD": "clerk", "PGCONNECT_TIMEOUT": "2", "PGOPTIONS": "-c statement_timeout=3000"}
    try:
        done = subprocess.run(
            argv, input=statement, capture_output=True, text=True, env={**os.environ, **own}, timeout=6
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotUsableError(f"psql did not answer: {error}") from error
    if done.returncode:
        raise NotUsableError(" ".join(done.stderr.split()) or f"psql ended with {done.returncode}")
    return done.stdout.splitlines()


def ours() -> None:
    """Raise NotUsableError unless the firm's own database answers."""
    if sql(OURS) != ["t"]:
        raise NotUsableError("what answered is not the database of the firm")


def held(marks: list[str]) -> dict[str, list[str]]:
    """Which of the orders are still there."""
    ours()
    there = set(sql("select mark from orders where mark like 'test-%'"))
    return {"held": [mark for mark in marks if mark in there], "lost": [mark for mark in marks if mark not in there]}


def order() -> dict[str, object]:
    """Take one order and read it back."""
    mark = f"test-{secrets.token_hex(8)}"
    ours()
    sql("insert into orders (mark) values (:'mark')", mark=mark)
    if sql("select 1 from orders where mark = :'mark'", mark=mark) != ["1"]:
        raise NotUsableError(f"{mark} was acknowledged and cannot be read back")
    return {"ok": True, "record": mark}


if __name__ == "__main__":
    try:
        print(json.dumps(held(json.load(sys.stdin)) if sys.argv[1:] == ["--held"] else order()))
    except NotUsableError as problem:
        print(json.dumps({"ok": False, "reason": str(problem)}))
        sys.exit(1)
