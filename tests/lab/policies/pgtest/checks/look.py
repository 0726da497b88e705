# SPDX-License-Identifier: Apache-2.0
"""The firm's own table can be read through the name that users know. Leaves nothing behind, so an observer may ask."""

import json
import os
import subprocess
import sys

TARGET = "host=db.pgtest.test user=clerk dbname=erp connect_timeout=2"

argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", TARGET, "-c", "select count(*) >= 0 from marks"]
known = {**os.environ, "PGPASSWORD": "clerk"}
done = subprocess.run(argv, text=True, check=False, capture_output=True, env=known, timeout=5)
answered = done.stdout.strip() == "t"
print(json.dumps({"ok": answered, "reason": " ".join(done.stderr.split()) or "the table did not answer"}))
sys.exit(0 if answered else 1)
