# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raises the link on a machine: files, unit, and a look at whether what runs is what is written."""

from __future__ import annotations

from typing import Any, Optional

from ansible_collections.bascule.continuity.plugins.module_utils import (
    link_here,
    link_live,
    link_texts,
    machine_files,
    machine_run,
    units_systemd,
)
from ansible_collections.bascule.continuity.plugins.module_utils.link_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

START_LIMIT_S = 45


def raise_(job: Job) -> dict[str, Any]:
    """Bring this machine's part of the link up; what is as it should be stays untouched."""
    if job.link["role"] == "peer" and not job.link["peers"][0]["endpoint"]:
        raise TroubleError(f"Nobody knows where {job.link['peers'][0]['name']} is reached: outputs/standby.json has no "
                           "end of the link. Run dr-build.yml, which builds the standby.")
    here = link_here.look(job)
    stale = job.did("settings", _lay(job, here))
    text = link_texts.near_unit(job, here.tools["ip"]) if job.near else link_texts.unit(job, here)
    stale = job.did(job.unit, units_systemd.put({job.unit: text})) or stale
    wrong = None if stale else link_live.wrong(job, here)
    if stale or wrong:
        job.did(f"started {job.unit}: {wrong or 'its settings are new'}")
        machine_run.run(["systemctl", "stop", "--", job.unit], limit_s=60)
    job.did(f"{job.unit} runs", units_systemd.run_always(job.unit, START_LIMIT_S))
    still = link_live.wrong(job, here)
    if still:
        raise TroubleError(f"The link was raised at {job.machine} and is not what it should be: {still}. "
                           f"See: journalctl -u {job.unit}")
    return {"evidence": {"interface": None if job.near else job.interface, "kernel": here.kernel,
                         "forwards": here.forwards, "far": list(job.link["far"])}}


def _lay(job: Job, here: link_texts.Here) -> bool:
    """Write the files; True when one that WireGuard reads differed."""
    kept = {"forwards": here.forwards, "lan": here.lan, "role": job.link["role"], "far": list(job.link["far"]),
            "via": job.link.get("via")}
    machine_files.folder(job.etc)
    job.did("what is kept", machine_files.write_json(job.kept, kept))
    if job.near:
        return machine_files.remove(job.settings)
    return machine_files.write(job.settings, link_texts.settings(job.link, job.private_key), mode=0o600)


def state_of(unit: str) -> Optional[str]:
    """What systemd says of a unit that does not run; None when it does."""
    seen = units_systemd.shown(unit)
    if seen.get("ActiveState") == "active":
        return None
    return "it was never raised" if seen.get("LoadState") == "not-found" else f"it is {seen.get('ActiveState')}"
