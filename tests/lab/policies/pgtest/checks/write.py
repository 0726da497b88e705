# SPDX-License-Identifier: Apache-2.0
"""The firm's transaction: write a mark through the name that users know; with --held, say which are there."""

import json
import os
import subprocess
import sys
import uuid

TARGET = "host=db.pgtest.test user=clerk dbname=erp connect_timeout=3"


def psql(sql):
    """Run statements; return the lines that they give."""
    argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", TARGET]
    known = {**os.environ, "PGPASSWORD": "clerk"}
    done = subprocess.run(argv, input=sql, text=True, check=False, capture_output=True, env=known, timeout=8)
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        sys.exit(1)
    return done.stdout.split()


if "--held" in sys.argv:
    asked = json.load(sys.stdin)
    there = set(psql("select mark from marks;\n"))
    held = [mark for mark in asked if mark in there]
    print(json.dumps({"held": held, "lost": [mark for mark in asked if mark not in there]}))
else:
    mark = uuid.uuid4().hex
    psql(f"insert into marks values ('{mark}');\n")
    print(json.dumps({"ok": True, "record": mark}))
