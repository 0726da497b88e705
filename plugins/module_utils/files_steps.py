# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of trees of files."""

from __future__ import annotations

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_protect,
    files_recover,
    files_return,
    files_status,
)

STEPS = {
    "prepare": files_protect.prepare, "protect": files_protect.protect, "points": files_status.points,
    "recover": files_recover.recover, "demote": files_return.demote, "resync": files_return.resync,
    "compare": files_return.compare, "forget": files_status.forget, "status": files_status.status,
}  # fmt: skip
