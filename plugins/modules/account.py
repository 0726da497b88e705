#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: account
short_description: Asks the account of a site in a cloud itself, without the engine and its state
version_added: "0.1.0"
description:
  - Asks each service that the site uses, and the index of tags beside, for what carries the tag of the policy.
  - Works only inside a run that P(bascule.continuity.guard#module) let through. Runs on the controller, as an action.
options:
  step:
    description:
      - V(status) says whose account it is, whether the images are still there, and how many processors are free.
      - V(left) says what is left, what each thing costs a day, and when locked copies can go.
      - V(sweep) removes what C(-e drills=expired) or C(-e everything=yes) ask for, by tags alone. It refuses to touch a
        standby that serves.
    type: str
    choices: [status, left, sweep]
    required: true
  site:
    description: The site of the plan.
    type: str
    required: true
  limit_s:
    description: How many seconds it may take; 60 for status, 120 for left, 1200 for sweep.
    type: float
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Ask the account what is left
  bascule.continuity.account:
    step: left
    site: standby
"""

RETURN = r"""
account:
  description: What it answered.
  returned: always
  type: dict
"""
