# SPDX-License-Identifier: Apache-2.0
"""The copy agent: one restic snapshot of a system's paths and of its heartbeat; a timer starts it.

`python3 -m bascule_runtime copy --config FILE`. FILE is JSON; of it the agent reads `copy`:
`{"restic": [argv up to the command], "paths": [...], "tags": [...], "owners": FILE, "state": FILE, "lock": FILE,
"lock_s": seconds to wait for our lock, "wait_s": for the repository's, "limit_s": seconds that a copy may take}`.
The state file says how the last copy went: `started`, `ended` (epoch seconds), `result` (`running`, `ok`,
`incomplete`, `failed`), `message`, `snapshot`, `bytes_added`, `bytes_total`, `files`, and `ok_at`,
the start of the last one that was ok.
"""

from __future__ import annotations

import grp
import json
import pwd
import sys
import time
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence

from bascule_runtime import agent

INCOMPLETE = 3      # restic: a snapshot was made, but some files could not be read
IN_USE = "already locked"
PAUSE_S = 10.0


def write_owners(path: str) -> None:
    """Lay the names of users and groups beside the copy: its numbers may mean somebody else on another machine."""
    owners = {
        "users": {str(entry.pw_uid): entry.pw_name for entry in pwd.getpwall()},
        "groups": {str(entry.gr_gid): entry.gr_name for entry in grp.getgrall()},
    }
    text = json.dumps(owners, sort_keys=True) + "\n"
    target = Path(path)
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def messages(out: str) -> Iterator[dict[str, Any]]:
    """The JSON lines that `restic --json` wrote; other lines are passed over."""
    for line in out.splitlines():
        try:
            data = json.loads(line)
        except ValueError:
            continue
        if isinstance(data, dict):
            yield data


def backup(settings: dict[str, Any]) -> agent.Ended:
    """Make the snapshot. A lock that a dead process left in the repository is removed, a living one is waited for."""
    tags = [word for tag in settings.get("tags") or [] for word in ("--tag", str(tag))]
    argv = [*settings["restic"], "backup", "--json", "--host", "bascule", *tags, "--", *settings["paths"]]
    limit, end = float(settings.get("limit_s") or 86400), time.monotonic() + float(settings.get("wait_s") or 900)
    ended = agent.run(argv, limit)
    while ended.code not in (0, INCOMPLETE) and IN_USE in ended.err and time.monotonic() < end:
        agent.run([*settings["restic"], "unlock"], 120)
        ended = agent.run(argv, limit)
        if IN_USE in ended.err:
            time.sleep(PAUSE_S)
    return ended


def outcome(ended: agent.Ended) -> dict[str, Any]:
    """What the state file says about an ended backup."""
    found = {data.get("message_type"): data for data in messages(ended.out)}
    summary = found.get("summary", {})
    result = {0: "ok", INCOMPLETE: "incomplete"}.get(ended.code, "failed")
    facts: dict[str, Any] = {"result": result if summary else "failed", "message": ""}
    if facts["result"] != "ok":
        facts["message"] = (ended.err.strip().splitlines() or [ended.reason])[0][:400]
    if summary:
        facts.update(snapshot=summary["snapshot_id"], bytes_added=summary["data_added"],
                     bytes_total=summary["total_bytes_processed"], files=summary["total_files_processed"])
    return facts


def copy(settings: dict[str, Any]) -> dict[str, Any]:
    """Make one copy and return what the state file says about it. Raises BusyError when another one goes on."""
    with agent.locked(settings["lock"], float(settings.get("lock_s") or 0)):
        before = agent.read_state(settings["state"])
        kept = {"ok_at": before.get("ok_at")}
        started = time.time()
        agent.write_state(settings["state"], {**kept, "started": started, "result": "running"})
        write_owners(settings["owners"])
        facts = {**kept, "started": started, **outcome(backup(settings)), "ended": time.time()}
        if facts["result"] == "ok":
            facts["ok_at"] = started
        agent.write_state(settings["state"], facts)
        return facts


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `copy`: exit code 0 when the copy is whole or another one goes on, else 1."""
    settings = agent.configuration("copy", arguments)["copy"]
    try:
        facts = copy(settings)
    except agent.BusyError:
        sys.stdout.write("Another copy of this system is still going on.\n")
        return 0
    sys.stdout.write(f"{facts['result']}: {facts.get('message') or facts.get('snapshot')}\n")
    return 0 if facts["result"] == "ok" else 1
