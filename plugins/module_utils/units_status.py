# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step `status` of a service: its units and packages, its configuration, the certificates that it shows."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import (
    facts_certificates,
    facts_service,
    facts_side,
    files_status,
    units_firm,
    units_systemd,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job


def status(job: Job) -> dict[str, Any]:
    """Units and their packages, and the copies of the state."""
    evidence = files_status.looked(job)
    problems = list(evidence["problems"])
    serves = files_status.copies_here(job)
    for unit in units_firm.units(job):
        if not units_systemd.exists(unit):
            problems.append(f"{job.machine} has no unit {unit}. Run dr-build.yml.")
        elif serves and not units_systemd.active(unit):
            problems.append(f"{unit} does not run on {job.machine}. See: journalctl -u {unit}")
        elif not serves and (units_systemd.active(unit) or units_systemd.enabled(unit)):
            problems.append(f"{unit} runs on {job.machine} or starts with it, which does not serve. Run dr-build.yml.")
    shared = facts_side.told(job, {**files_status.collectors(job, evidence["versions"]), **collectors(job)})
    versions = {name: text for name, text in (shared["facts"].get("packages") or {}).items() if text}
    versions = {**evidence["versions"], **versions}
    return {"evidence": {**evidence, **shared, "problems": problems, "versions": versions, "side": job.side}}


def collectors(job: Job) -> dict[str, facts_side.Collector]:
    """What both sides must share of a service: facts of this side, by section."""
    names, settings = units_firm.units(job), job.system["settings"]
    return {
        "units": lambda other: facts_service.units(names, other),
        "packages": lambda other: facts_service.packages(names, settings.get("packages") or [], other),
        "configuration": lambda other: configuration(job, other),
        "certificates": lambda other: certificates(job, other),
        "shown": lambda other: shown(job),
    }


def configuration(job: Job, other: Mapping[str, Any]) -> dict[str, Any]:
    """Digests of what is declared and of what packages brought, and which files lead back to the other side."""
    declared = job.system["settings"].get("configuration") or []
    brought = facts_service.conffiles(other.get("packages") or facts_service.packages(units_firm.units(job), [], {}))
    files = facts_service.places(units_firm.units(job), declared, brought)
    back = {} if job.serves else facts_service.mentions(files, job.options.get("elsewhere") or {})
    return {"declared": {path: facts_service.digest(path) for path in declared}, "mentions": back,
            "conffiles": {path: facts_service.digest(path) for path in brought}}  # fmt: skip


def certificates(job: Job, other: Mapping[str, Any]) -> dict[str, Any]:
    """Certificates that are declared and that configuration names."""
    declared = job.system["settings"].get("certificates") or []
    brought = facts_service.conffiles(facts_service.packages(units_firm.units(job), [], {}))
    configured = job.system["settings"].get("configuration") or []
    named = facts_certificates.named_in(facts_service.places(units_firm.units(job), configured, brought))
    return facts_certificates.files(declared, named, other.get("certificates") or {})


def shown(job: Job) -> dict[str, Any]:
    """Certificates that the service shows where it runs, to those whom the policy lets ask by https."""
    return facts_certificates.served(job.options.get("https") or [] if job.serves else [], job.address(job.side))
