# SPDX-License-Identifier: Apache-2.0
"""The heartbeat agent: says once a second, inside the data, what time it is. The newest one recovered dates the data.

`python3 -m bascule_runtime heartbeat --config FILE`, where FILE is JSON, by itself or under the key `heartbeat`:
`{"kind": "file", "path": "/…", "every_s": 1}` or
`{"kind": "postgresql", "system": ID, "host": folder of the socket, "port": 5432, "database": "bascule", "every_s": 1}`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

from bascule_runtime import agent

Beat = Callable[[], None]
AGAIN_S = 2.0
# A psql costs a tenth of a second of a processor: a cluster that lets nobody write is not asked each second.
RETRY_S = 5.0


def file_beat(settings: dict[str, Any]) -> Beat:
    """A beat that writes the time (epoch seconds with milliseconds) to `path`: whole, or not at all."""
    path = Path(settings["path"])
    draft = path.with_name(f".{path.name}.new")

    def beat() -> None:
        draft.write_text(f"{time.time():.3f}\n", encoding="ascii")
        os.replace(str(draft), str(path))

    path.parent.mkdir(parents=True, exist_ok=True)
    return beat


def statement(system: str) -> str:
    """The SQL of one beat of `system`."""
    quoted = system.replace("'", "''")
    return (f"insert into heartbeat (system, at) values ('{quoted}', clock_timestamp()) "
            "on conflict (system) do update set at = excluded.at;\n")


def postgresql_beat(settings: dict[str, Any]) -> Beat:
    """A beat that gives one statement to a psql that stays; another is started for one that ended, not at once."""
    argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", str(settings["host"]), "-p", str(settings["port"]),
            "-d", str(settings["database"])]
    line = statement(str(settings["system"]))
    process: Optional[subprocess.Popen[str]] = None
    retry = 0.0

    def beat() -> None:
        nonlocal process, retry
        if process is None or process.poll() is not None:
            if time.monotonic() < retry:
                return
            retry = time.monotonic() + RETRY_S
            process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd="/",
                                       env={**os.environ, "PGCONNECT_TIMEOUT": "3"})
        if process.stdin is not None:
            process.stdin.write(line)
            process.stdin.flush()

    return beat


KINDS: dict[str, Callable[[dict[str, Any]], Beat]] = {"file": file_beat, "postgresql": postgresql_beat}


def keep_beating(settings: dict[str, Any], beats: Optional[int] = None) -> int:
    """Beat every `every_s` seconds, `beats` times or for good. A failure is said; return how many there were."""
    beat, every = KINDS[settings["kind"]](settings), float(settings.get("every_s") or 1)
    failures, done, due = 0, 0, time.monotonic()
    while True:
        done += 1
        try:
            beat()
        except OSError as error:
            failures += 1
            sys.stderr.write(f"heartbeat not written: {error}\n")
            due += AGAIN_S
        if beats is not None and done >= beats:
            return failures
        # Beats that were missed, because the machine was asleep, are not made up for.
        due = max(due + every, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `heartbeat`; runs until it is stopped."""
    config = agent.configuration("heartbeat", arguments)
    keep_beating(config.get("heartbeat", config))
    return 0
