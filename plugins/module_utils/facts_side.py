# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine tells of what both sides must share, in sections; and what it remembers of the other side.

The sections and their shapes are those that `bascule_runtime.drift` compares. A machine is given the facts of the one
that serves (`peer`): it looks for what that one has, and keeps them for a day on which that one is silent.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError

Collector = Callable[[Mapping[str, Any]], Any]


def kept_path(policy: str, system: str) -> str:
    """Where the newest facts of the other side are kept."""
    return f"/var/lib/bascule/{policy}/state/{system}.seen.json"


def told(job: Any, collectors: Mapping[str, Collector]) -> dict[str, Any]:
    """`facts` of this side for the evidence, and `kept`, those of the other side, when it was not asked in this run.

    `job` has side, serving, machine, policy, id and peer. Each collector gets the other side's facts. A section that
    cannot be read is named in `unread` with the reason: it is a finding, not the end of the step.
    """
    path = kept_path(job.policy, job.id)
    given = dict(job.peer) if job.peer.get("side") else {}
    if given and not job.run.get("check"):
        machine_files.write_json(path, given, mode=0o600)
    kept = {} if given or job.side == job.serving else machine_files.read_json(path)
    facts: dict[str, Any] = {"side": job.side, "machine": job.machine, "at": round(time.time(), 3), "unread": {}}
    for name, collect in collectors.items():
        try:
            section = collect(given or kept)
        except (TroubleError, PlainError, OSError, ValueError) as fault:
            facts["unread"][name] = str(fault)[:300]
        else:
            if section is not None:
                facts[name] = section
    return {"facts": facts, **({"kept": kept} if kept else {})}
