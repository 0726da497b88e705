#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: dns_switch
short_description: Points the names of a switch group at the side that serves
version_added: "0.1.0"
description:
  - Sends a signed dynamic update (RFC 2136) from the controller to the zone's server, and asks it afterwards.
  - Changes nothing when the names are right already.
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
  bascule.continuity.dns_switch:
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
