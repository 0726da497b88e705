#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: stack
short_description: Shows, builds or destroys a site in a cloud, by the engine of Pulumi
version_added: "0.1.0"
description:
  - Runs the program in C(stack/) of the compiled folder over the Automation API of Pulumi, in a process of its own,
    which is ended with all that it started when the time is over or the run is killed.
  - Never asks the engine for secrets in plain text. The passphrase of the state comes from the secret that the policy
    names and goes by the environment of that process, as the credentials of the cloud do.
  - Keeps what was built in C(outputs/standby.json), written whole or not at all, and journals what it came to.
  - A run that was killed while it changed the site is recognised by the next one, which takes away the hold that it
    left on the state, removes what was half made, and goes on.
  - Works only inside a run that P(bascule.continuity.guard#module) let through. Runs on the controller, as an action.
  - In check mode O(state=present) is a preview; with C(--diff) the plan of the engine is the difference.
options:
  state:
    description:
      - V(previewed) shows what building would change. V(present) builds. V(absent) destroys, from the state alone, and
        asks again for a while for what the provider refuses meanwhile.
      - V(saved) says what was built last, from the file, for when the engine or its state cannot be had.
    type: str
    choices: [previewed, present, absent, saved]
    required: true
  site:
    description: The site of the plan.
    type: str
    required: true
  phase:
    description: What is to be there, V(protect) before a disaster, V(activate) all that an activation needs.
    type: str
    choices: [protect, activate]
  fall:
    description:
      - Let an activated site go back to O(phase=protect), once every system serves at home and every activity is usable
        there. Without it an activated site stays so.
    type: bool
    default: false
  adds_only:
    description: Of a preview, fail when something that may hold copies would be removed or replaced.
    type: bool
    default: false
  go_on:
    description: When one thing cannot be made, make all that does not need it.
    type: bool
    default: false
  drill:
    description: Name of a drill, which is a stack of its own.
    type: str
  expires:
    description: The day (ISO) after which a drill may be swept away.
    type: str
  why:
    description: With O(state=saved), why nothing could be built.
    type: str
  limit_s:
    description: How many seconds it may take; 180 for a preview, else 1800.
    type: float
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Show what an activation would build
  bascule.continuity.stack:
    state: previewed
    site: standby
    phase: activate
"""

RETURN = r"""
summary:
  description: Number of resources by operation.
  returned: for previewed, present and absent
  type: dict
  sample: {create: 3, same: 28}
steps:
  description: Operations that change something, with the resource that each is for.
  returned: for previewed, present and absent
  type: list
  elements: dict
simulated:
  description: Whether nothing real was built, in check mode, in a preview, or since the provider is a double.
  returned: for previewed, present and absent
  type: bool
outputs:
  description: What was built, under C(schemas/outputs). Secrets are not in it.
  returned: always
  type: dict
reason:
  description: A code for why it failed.
  returned: on failure
  type: str
  sample: locked
"""
