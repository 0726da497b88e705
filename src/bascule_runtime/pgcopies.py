# SPDX-License-Identifier: Apache-2.0
"""Makes one pgBackRest backup, for a timer: full when the newest full one is old enough, else only what changed."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Mapping

INFO_LIMIT_S = 120
BACKUP_LIMIT_S = 86400
# A backup that starts a little before its time is as good: else a weekly full one drifts by one interval each week.
EARLY = 0.02


def kind(info: list[Mapping[str, Any]], stanza: str, full_every_s: float, now: float) -> str:
    """Which backup is due, given `pgbackrest info --output=json`: `full` or `incr`. ``now`` is in epoch seconds."""
    backups = [entry for item in info if item.get("name") == stanza for entry in item.get("backup") or []]
    full = [
        float(entry["timestamp"]["stop"]) for entry in backups if entry["type"] == "full" and not entry.get("error")
    ]
    return "full" if not full or now - max(full) >= full_every_s * (1 - EARLY) else "incr"


def backup(config: Mapping[str, Any]) -> int:
    """Run the backup that is due; returns pgBackRest's exit code. Its own reasons go to the journal of the service."""
    base = ["pgbackrest", f"--config={config['conf']}", f"--stanza={config['stanza']}"]
    listed = subprocess.run(
        [*base, "--output=json", "info"], check=False, stdout=subprocess.PIPE, text=True, timeout=INFO_LIMIT_S
    )
    if listed.returncode != 0:
        return listed.returncode
    due = kind(json.loads(listed.stdout or "[]"), str(config["stanza"]), float(config["full_every_s"]), time.time())
    return subprocess.run([*base, f"--type={due}", "backup"], check=False, timeout=BACKUP_LIMIT_S).returncode


def main(arguments: list[str] | None = None) -> int:
    """Entry point: `python3 -m bascule_runtime.pgcopies --config FILE`."""
    parser = argparse.ArgumentParser(prog="bascule_runtime.pgcopies", description=__doc__)
    parser.add_argument("--config", required=True, type=Path)
    options = parser.parse_args(arguments)
    try:
        config = json.loads(options.config.read_text(encoding="utf-8"))
        return backup(config)
    except (OSError, ValueError, KeyError) as fault:
        sys.stderr.write(f"The backup could not start: {fault}. Run dr-build.yml again.\n")
    except subprocess.TimeoutExpired as fault:
        sys.stderr.write(f"The backup did not end within {fault.timeout:g} s. It was stopped.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
