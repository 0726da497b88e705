#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: contact
short_description: Waits for machines that were just built, and pins their host keys at the first contact
version_added: "0.1.0"
description:
  - Waits until somebody can log in to each machine and its first boot is over, all machines at once.
  - An instance that nobody met before shows its host key, which is kept in C(outputs/known_hosts) and journalled as a
    first contact. A key that is pinned, by the firm or at an earlier contact with the same instance, must be shown.
  - A machine that does not come in time is named; that is no failure here, since others may be enough.
  - Works only inside a run that P(bascule.continuity.guard#module) let through. Runs on the controller, as an action.
options:
  site:
    description: The site of the plan.
    type: str
    required: true
  phase:
    description: The phase that says which machines are to be there; all that are built when it is not said.
    type: str
    choices: [protect, activate]
  here:
    description: Only machines that answer now and whose host keys nobody here knows.
    type: bool
    default: false
  machines:
    description: Only these of them.
    type: list
    elements: str
  limit_s:
    description: How many seconds to wait.
    type: float
    default: 180
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Meet the machines
  bascule.continuity.contact:
    site: standby
    phase: activate
"""

RETURN = r"""
met:
  description: Machines whose host keys were taken at this contact.
  returned: always
  type: list
  elements: str
silent:
  description: Machines that did not come in time.
  returned: always
  type: list
  elements: str
"""
