# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firm's units of one service: whether they are there, run, and start with the machine."""

from __future__ import annotations

from ansible_collections.bascule.continuity.plugins.module_utils import (
    machine_files,
    units_answers,
    units_systemd,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError


def units(job: Job) -> list[str]:
    return [str(unit) for unit in job.system["settings"]["units"]]


def must_exist(job: Job) -> None:
    """Raises TroubleError that names all units that this machine does not have."""
    lacking = [unit for unit in units(job) if not units_systemd.exists(unit)]
    if lacking:
        role = job.system["settings"].get("role")
        cure = f"The role {role} was to install it" if role and not job.serves_already() else "Install what brings it"
        raise TroubleError(f"{job.machine} has no unit {', '.join(lacking)}. {cure}; correct that and run again.")


def remembered(job: Job) -> dict[str, bool]:
    """Which units started with the machine before we changed that."""
    return {str(unit): bool(was) for unit, was in (job.state().get("at_boot") or {}).items()}


def remember(job: Job) -> None:
    """Keep how the units start with the machine, once."""
    if "at_boot" not in job.state():
        machine_files.folder(job.names.var)
        job.save(at_boot={unit: units_systemd.enabled(unit) for unit in units(job)})


def start(job: Job) -> None:
    """Start all units in their order, now; with the machine too, since this side serves until it is demoted."""
    before = remembered(job)
    for unit in units(job):
        with job.timed("start"):
            job.did(f"{unit} started", units_systemd.start(unit, job.limit("start_s", 180)))
        wanted = before.get(unit, True) if job.side == "primary" else True
        job.did(f"{unit} starts with the machine", wanted and units_systemd.at_boot(unit, True))


def stop(job: Job, limit_s: float) -> None:
    """Stop all units, last first; they do not start with the machine any more."""
    remember(job)
    for unit in reversed(units(job)):
        freed, stopped = units_systemd.end(unit, limit_s)
        job.did(f"{unit} no longer starts with the machine", freed)
        job.did(f"{unit} stopped", stopped)


def restore_boot(job: Job) -> None:
    """Let the units start with the machine as they did before us."""
    for unit, was in remembered(job).items():
        if units_systemd.exists(unit):
            job.did(f"{unit} at boot", units_systemd.at_boot(unit, was))


def answers(job: Job) -> str:
    """Wait until the service answers here; the word for what was seen. Raises TroubleError at the limit."""
    asked = job.system["settings"].get("answers")
    if not asked:
        return "done"
    with job.timed("answer"):
        try:
            units_answers.wait(asked, [job.address(job.side), "127.0.0.1"], job.limit("answer_s", 60))
        except TroubleError as fault:
            raise TroubleError(f"{job.id} was started on {job.machine} and does not answer. {fault} "
                               f"See: journalctl -u {units(job)[-1]}") from None
    return "answering"
