#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: verify
short_description: Runs the checks of the compiled folder
version_added: "0.1.0"
description:
  - Runs C(tests/standby) with pytest in a fresh process, against the side that serves.
  - Writes C(verify.xml) (JUnit) and C(verified.json) into the run's folder.
  - Works only inside a run that P(bascule.continuity.guard#module) let through. Runs on the controller, as an action.
options: {}
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Do it
  bascule.continuity.verify:
"""

RETURN = r"""
evidence:
  description: Counts of C(tests), C(passed), C(failed), C(skipped), and C(problems), a sentence each.
  returned: always
  type: dict
"""
