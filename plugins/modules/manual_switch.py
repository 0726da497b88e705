#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: manual_switch
short_description: Tells a person how to send users to the side that serves
version_added: "0.1.0"
description:
  - Prints what the policy says and which name goes where. Activities are asked afterwards, until the limit.
  - Works only inside a run that P(bascule.continuity.guard#module) let through. Runs on the controller, as an action.
options:
  switch:
    description: The plan's switch.
    type: dict
    required: true
  group:
    description: The plan's switch group.
    type: dict
    required: true
  side:
    description: The side that serves.
    type: str
    choices: [primary, standby]
    required: true
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Send users to the side that serves
  bascule.continuity.manual_switch:
    switch: "{{ unit.switch }}"
    group: "{{ unit.group }}"
    side: "{{ unit.direction }}"
"""

RETURN = r"""
evidence:
  description: The names and the addresses that they are to have.
  returned: always
  type: dict
"""
