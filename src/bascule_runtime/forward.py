# SPDX-License-Identifier: Apache-2.0
"""The agent that reads the newest copy of a guest back, where it would be recovered; a timer starts it.

`python3 -m bascule_runtime forward --config FILE`; of FILE it reads `forward`: `{"by", "reading": [restic up to its
command], "staging", "target": folder of the images, "state", "lock", "limit_s", "keep": whether the images stay for an
instant start}`. So a copy that is damaged is found before it is needed. The state file has `verified` and `damaged`
(identity → why), `newest`, `result`, `message`.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from typing import Any, Optional, Sequence

from bascule_runtime import agent
from bascule_runtime.hypervisor import TroubleError, adapter, laying


def newest(settings: dict[str, Any]) -> Optional[str]:
    """The identity of the newest copy. Raises TroubleError when the repository cannot be read."""
    ended = agent.run([*settings["reading"], "snapshots", "--json"], 300)
    try:
        listed = json.loads(ended.out or "[]") or []
    except ValueError:
        listed = None
    if ended.code != 0 or listed is None:
        raise TroubleError(f"The copies cannot be listed: {ended.reason}")
    return str(max(listed, key=lambda entry: str(entry["time"]))["short_id"]) if listed else None


def roll(settings: dict[str, Any]) -> dict[str, Any]:
    """Read the newest copy back unless that was done; what the state file says. A damaged one replaces nothing."""
    known = agent.read_state(settings["state"])
    verified, damaged = list(known.get("verified") or []), dict(known.get("damaged") or {})
    id_ = newest(settings)
    facts: dict[str, Any] = {"verified": verified, "damaged": damaged, "newest": id_, "result": "ok", "message": "",
                             "started": time.time()}
    laid = laying.laid_at(settings["target"]) or {}
    done = laid.get("id") == id_ if settings["keep"] else id_ in verified
    if id_ is None or done or id_ in damaged:
        return facts
    try:
        laying.lay(adapter(settings["by"]), settings, id_, settings["target"], float(settings.get("limit_s") or 86400))
        facts["verified"] = [*[one for one in verified if one != id_], id_][-200:]
    except laying.DamagedError as why:
        facts.update(damaged={**damaged, id_: str(why)}, result="damaged", message=f"The copy {id_} is damaged: {why}.")
    if not settings["keep"]:
        shutil.rmtree(settings["target"], ignore_errors=True)
    return facts


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `forward`: exit code 0 when the newest copy is whole, or somebody else works here."""
    settings = agent.configuration("forward", arguments)["forward"]
    try:
        with agent.locked(settings["lock"], float(settings.get("lock_s") or 0)):
            try:
                facts = roll(settings)
            except (TroubleError, OSError) as trouble:
                facts = {**agent.read_state(settings["state"]), "result": "failed", "message": f"{trouble}."}
            agent.write_state(settings["state"], {**facts, "ended": time.time()})
    except agent.BusyError:
        sys.stdout.write("Somebody else works on the images of this guest.\n")
        return 0
    sys.stdout.write(f"{facts['result']}: {facts.get('message') or facts.get('newest')}\n")
    return 0 if facts["result"] == "ok" else 1
