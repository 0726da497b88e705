# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a PostgreSQL cluster.

Each loads what it needs when it is asked for: Ansible sends modules as text, which is compiled anew in each task, and
all of it takes longer than many a step does while users wait.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job


def prepare(job: Job) -> dict[str, Any]:
    from ansible_collections.bascule.continuity.plugins.module_utils import pg_prepare

    return pg_prepare.prepare(job)


def password(job: Job) -> dict[str, Any]:
    """The replication password of this system, made here when there is none yet."""
    from ansible_collections.bascule.continuity.plugins.module_utils import pg_link

    return {"password": pg_link.ensure_password(job), "evidence": {}}


def protect(job: Job) -> dict[str, Any]:
    from ansible_collections.bascule.continuity.plugins.module_utils import pg_protect

    return pg_protect.protect(job)


def points(job: Job) -> dict[str, Any]:
    from ansible_collections.bascule.continuity.plugins.module_utils import pg_status

    return pg_status.points(job)


def recover(job: Job) -> dict[str, Any]:
    from ansible_collections.bascule.continuity.plugins.module_utils import pg_recover

    return pg_recover.recover(job)


def demote(job: Job) -> dict[str, Any]:
    from ansible_collections.bascule.continuity.plugins.module_utils import pg_demote

    return pg_demote.demote(job)


def resync(job: Job) -> dict[str, Any]:
    from ansible_collections.bascule.continuity.plugins.module_utils import pg_protect

    return pg_protect.resync(job)


def compare(job: Job) -> dict[str, Any]:
    from ansible_collections.bascule.continuity.plugins.module_utils import pg_compare

    return pg_compare.compare(job)


def forget(job: Job) -> dict[str, Any]:
    from ansible_collections.bascule.continuity.plugins.module_utils import pg_forget

    return pg_forget.forget(job)


def status(job: Job) -> dict[str, Any]:
    from ansible_collections.bascule.continuity.plugins.module_utils import pg_status

    return pg_status.status(job)


STEPS = {
    "prepare": prepare, "password": password, "protect": protect, "points": points, "recover": recover,
    "demote": demote, "resync": resync, "compare": compare, "forget": forget, "status": status,
}  # fmt: skip
