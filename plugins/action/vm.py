# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module `vm`: only within a guarded run, with its secrets looked up."""

from __future__ import annotations

from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import ActingBase


class ActionModule(ActingBase):
    """See the module of the same name."""

    MODULE = "bascule.continuity.vm"
    CARRIES = frozenset({"prepare", "protect", "demote", "resync"})
