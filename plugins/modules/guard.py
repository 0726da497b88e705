#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: guard
short_description: Lets a run begin, or refuses it with a plain sentence
version_added: "0.1.0"
description:
  - First task of each driver. Refuses what would make the run partial, unwritten or senseless; nothing is touched then.
  - Resolves all secrets that the run needs, and asks all machines at once whether they answer.
  - Writes C(run.json), the token that every acting step asks for.
  - Runs on the controller, as an action.
options:
  driver:
    description: Which driver this is.
    type: str
    choices: [build, status, activate, verify, failback, teardown, sweep]
  step:
    description:
      - V(open) lets the run begin. V(settle), after the machines were looked at, says who serves and who holds them.
      - V(token) checks that nothing was left out. V(refuse) repeats a refusal after a clean-up.
      - V(site) says which site in a cloud a host stands for. V(look), after a site was built or changed, asks its
        machines once more whether they answer.
    type: str
    choices: [open, settle, token, refuse, site, look]
    default: open
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Let the run begin
  bascule.continuity.guard:
    driver: activate
"""

RETURN = r"""
run_id:
  description: Identity of the run, and name of its folder below C(runs/).
  returned: for steps open and settle
  type: str
site:
  description: The site in a cloud that the host stands for, none for another host, and the folder of its steps.
  returned: for step site
  type: str
silent:
  description: Machines that did not answer.
  returned: for steps open and settle
  type: list
reason:
  description: A code for why the run was refused.
  returned: on failure
  type: str
"""
