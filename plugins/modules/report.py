#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: report
short_description: Says what a run showed, and fails unless its driver's promise was kept
version_added: "0.1.0"
description:
  - Computes the report from the journal and the plan alone; writes C(report.json) and C(report.txt) beside them.
  - Works only inside a run that P(bascule.continuity.guard#module) let through. Runs on the controller, as an action.
options: {}
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Say what is true now
  bascule.continuity.report:
"""

RETURN = r"""
msg:
  description: What is missing.
  returned: when the promise was not kept
  type: str
"""
