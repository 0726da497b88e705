# SPDX-License-Identifier: Apache-2.0
"""The agent that copies a guest; a timer starts it. See `hypervisor.point`.

`python3 -m bascule_runtime point --config FILE`. FILE is JSON; of it the agent reads `point`: `{"by": hypervisor,
"guest", "how", "restic": [argv up to the command], "tags", "staging", "chains": folders, "full_every_s", "state",
"lock", "limit_s"}`. The state file has what `copy` writes, and `at`, `consistent`, `why`, `how`, `level`, `mended`,
`tidied`.
"""

from __future__ import annotations

import sys
import time
from typing import Any, Optional, Sequence

from bascule_runtime import agent
from bascule_runtime.hypervisor import TroubleError, adapter, point


def make(settings: dict[str, Any]) -> dict[str, Any]:
    """Make one copy and return what the state file says about it. Raises BusyError when another one goes on."""
    with agent.locked(settings["lock"], float(settings.get("lock_s") or 0)):
        kept = {"ok_at": agent.read_state(settings["state"]).get("ok_at")}
        started = time.time()
        agent.write_state(settings["state"], {**kept, "started": started, "result": "running"})
        try:
            facts = point.make(adapter(settings["by"]), settings)
        except TroubleError as trouble:
            facts = {"result": "failed", "message": f"{trouble}."}
        except OSError as fault:
            facts = {"result": "failed", "message": f"This host refused: {fault}."}
        facts = {**kept, "started": started, **facts, "ended": time.time()}
        if facts["result"] == "ok":
            facts["ok_at"] = facts["at"]
        agent.write_state(settings["state"], facts)
        return facts


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `point`: exit code 0 when the copy is whole or another one goes on, else 1."""
    settings = agent.configuration("point", arguments)["point"]
    try:
        facts = make(settings)
    except agent.BusyError:
        sys.stdout.write("Another copy of this guest is still going on.\n")
        return 0
    sys.stdout.write(f"{facts['result']}: {facts.get('message') or facts.get('snapshot')}\n")
    return 0 if facts["result"] == "ok" else 1
