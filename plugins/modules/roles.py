#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: roles
short_description: Says which of the firm's roles a machine gets
version_added: "0.1.0"
description:
  - Lists the roles (C(configure) in the policy) of the systems that a machine is to be able to serve and does not now.
  - Each role gets one variable, C(bascule), with C(policy), C(system), C(site), C(machine),
    C(address), C(settings) and C(needs).
  - Works only inside a run that P(bascule.continuity.guard#module) let through. Runs on the controller, as an action.
options: {}
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Do it
  bascule.continuity.roles:
"""

RETURN = r"""
systems:
  description: C(system), C(role) and C(vars) of each.
  returned: always
  type: list
"""
