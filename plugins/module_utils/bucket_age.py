# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes copies into a bucket tells the account how old the newest is: an alarm there calls when that is too old.

The account cannot know by itself: a bucket says when something was written, not whether a copy was whole.
"""

from __future__ import annotations

from ansible_collections.bascule.continuity.plugins.module_utils import (
    machine_files,
    machine_forget,
    restic_bucket,
    runtime_files,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job

PROGRAM = f"{runtime_files.HOME}/{machine_forget.REPORTER}"
KIND = "age"
# As often as the alarm looks.
EVERY_S = 300
AGENT = {"what": "age of the copies", "runs": f"/usr/bin/python3 -I {PROGRAM} {{age}}",
         "unit": "After=network-online.target\n", "service": "Type=oneshot\nTimeoutStartSec=120\n"}  # fmt: skip


def settings(job: Job) -> str:
    """The file that the agent reads."""
    return job.names.setting("age.json")


def lay(job: Job) -> bool:
    """Lay the program and what it reads, where the controller sent them along; True when that changed anything.

    Raises TroubleError for a region or an endpoint that is none.
    """
    text = (job.options.get("bucket") or {}).get("reporter")
    if not text:
        return False
    told = {
        "region": restic_bucket.told(job, "region", restic_bucket.REGION), "policy": job.policy,
        "endpoint": restic_bucket.told(job, "monitoring", restic_bucket.ENDPOINT),
        "states": {job.id: job.names.kept("copy.json")},
        "keys": job.names.setting("writer") if job.side == "primary" else None,
    }  # fmt: skip
    fresh = machine_files.write(f"{job.root}{PROGRAM}", text, mode=0o755)
    return machine_files.write_json(settings(job), told, mode=0o600) or fresh
