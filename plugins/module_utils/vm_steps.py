# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of virtual machines, and of what runs inside them."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.bascule.continuity.plugins.module_utils import (
    vm_inside,
    vm_points,
    vm_protect,
    vm_recover,
    vm_return,
    vm_status,
)
from ansible_collections.bascule.continuity.plugins.module_utils.vm_job import Job

OF_A_GUEST: dict[str, Callable[[Job], dict[str, Any]]] = {
    "prepare": vm_protect.prepare, "protect": vm_protect.protect, "points": vm_points.points,
    "recover": vm_recover.recover, "demote": vm_return.demote, "resync": vm_return.resync, "compare": vm_return.compare,
    "forget": vm_status.forget, "status": vm_status.status,
}  # fmt: skip


def _step(name: str) -> Callable[[Job], dict[str, Any]]:
    def step(job: Job) -> dict[str, Any]:
        return (vm_inside.STEPS if job.within else OF_A_GUEST)[name](job)
    return step


STEPS = {name: _step(name) for name in OF_A_GUEST}
