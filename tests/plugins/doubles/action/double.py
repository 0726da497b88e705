# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of a system type."""

from __future__ import annotations

from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import ActingBase


class ActionModule(ActingBase):
    """As small as an action over the base can be."""

    MODULE = "bascule.continuity.double"
