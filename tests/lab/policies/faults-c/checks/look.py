# SPDX-License-Identifier: Apache-2.0
"""The firm's own loans can be read under the name that users type. Leaves nothing behind, so an observer may ask."""

from __future__ import annotations

import json
import os
import subprocess
import sys

# Who answers is known by the rows that only this firm has.
OURS = "select count(*) = 1000 from loans where mark like 'old-%'"
ARGV = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "loans.toys.test", "-U", "clerk", "-d", "loans", "-c", OURS]


def main() -> int:
    """Print the one line; 0 when the loans can be read."""
    own = {"PGPASSWORD": "clerk", "PGCONNECT_TIMEOUT": "2", "PGOPTIONS": "-c statement_timeout=3000"}
    try:
        done = subprocess.run(ARGV, capture_output=True, text=True, env={**os.environ, **own}, timeout=6)
        right, reason = done.stdout.strip() == "t", " ".join(done.stderr.split())
    except (OSError, subprocess.TimeoutExpired) as error:
        right, reason = False, str(error)
    print(json.dumps({"ok": right, "reason": reason or "the table holds what it must" if right else reason}))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
