# SPDX-License-Identifier: Apache-2.0
"""The firm's own rows can be read under the name that users type."""

from __future__ import annotations

import json
import os
import subprocess
import sys

ARGV = ["psql", "-XqAt", "-h", "orders.loom.test", "-U", "clerk", "-d", "orders"]


def main() -> int:
    """Print the one line; 0 when the rows are there."""
    own = {"PGPASSWORD": "clerk", "PGCONNECT_TIMEOUT": "2"}
    count = "select count(*) from orders where mark like 'old-%'"
    try:
        done = subprocess.run(
            ARGV, input=count, capture_output=True, text=True, env={**os.environ, **own}, timeout=6, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(json.dumps({"ok": False, "reason": str(error)}))
        return 1
    right = done.stdout.strip() == "1000"
    print(json.dumps({"ok": right, "reason": f"{done.stdout} {done.stderr}".strip()}))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
