# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes the link from a machine, and says what of it is left. Packages stay: others may use them by now."""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    link_here,
    machine_files,
    machine_forget,
    machine_run,
    units_systemd,
)
from ansible_collections.bascule.continuity.plugins.module_utils.link_job import Job


def forget(job: Job) -> dict[str, Any]:
    """Remove unit, tunnel, routes, rules and files, also where the unit is gone and cannot tidy up itself."""
    job.did(f"removed {job.unit}", units_systemd.remove([job.unit]))
    known = job.known()
    _leftovers(job, known)
    for path in (job.settings, job.kept):
        job.did(f"removed {path}", machine_files.remove(path))
    machine_files.remove_if_empty(job.etc)
    changed, shared = machine_forget.shared()
    job.did("removed what all policies shared", changed)
    return {"evidence": {"left": [*left(job, known), *shared]}}


def _leftovers(job: Job, known: dict[str, Any]) -> None:
    if _there(job):
        machine_run.run(["ip", "link", "delete", "dev", job.interface])
        job.did(f"removed {job.interface}")
    for number in [one for one in link_here.rule_numbers() if _ours(job, one)]:
        machine_run.run(["ip", "rule", "delete", "pref", str(number)])
        job.did(f"removed the rule {number}")
    for network in _ways(known):
        machine_run.run(["ip", "route", "delete", network, "via", str(known["via"])])
        job.did(f"removed the route to {network}")


def left(job: Job, known: dict[str, Any]) -> list[str]:
    """What of the link is still on this machine."""
    found = [job.unit] if units_systemd.exists(job.unit) else []
    found += [job.interface] if _there(job) else []
    found += [f"rule {number}" for number in link_here.rule_numbers() if _ours(job, number)]
    return found + [f"route to {network}" for network in _ways(known)]


def _there(job: Job) -> bool:
    return any(link.get("ifname") == job.interface for link in link_here.asked("link", "show"))


def _ours(job: Job, number: int) -> bool:
    return job.number <= number < job.number + 4


def _ways(known: dict[str, Any]) -> list[str]:
    """Networks to which the routes of a machine beside the tunnel's end still lead."""
    via, far = known.get("via"), known.get("far") or []
    return [network for network in far if via and link_here.leads(network, str(via))]
