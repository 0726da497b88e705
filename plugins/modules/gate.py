#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gate
short_description: Holds a recovery unit until what it needs has ended
version_added: "0.1.0"
description:
  - Waits for the end states of the unit's predecessors in the scope of the run; returns what the steps need to know.
  - Fails with C(Blocked by …) when a predecessor failed, was unreachable or was blocked itself.
  - Runs on the controller, as an action, on a host of the group C(units). Any other host gets a unit out of scope.
options:
  stage:
    description: Which walk through the graph this is. A unit that failed in any stage counts as failed in all.
    type: str
    default: serve
  after:
    description:
      - V(graph) waits for what the unit needs. V(dependents) walks backwards, for stopping systems.
      - V(machine) waits for the end, good or bad, of earlier units on the same machines. V(nobody) does not wait.
      - V(group) waits for all systems that move together with this one.
      - V(turn) waits like V(dependents), and for the end, good or bad, of the activities that come home before.
      - Switches and activities always wait for what they need.
    type: str
    choices: [graph, dependents, machine, nobody, group, turn]
    default: graph
  turned:
    description: Whether to hand over the unit with its sides turned (the side that is left serves again).
    type: bool
    default: false
  leave:
    description:
      - Leave the unit out of this stage if its system serves at the right side already (V(served)), or if the machine
        that is left is silent (V(silent)). It then counts as ended.
    type: str
    choices: [served, silent]
  patient:
    description: Whether to go on when those that were waited for ended badly.
    type: bool
    default: false
  stay:
    description: Fail because the data of the group were not shown to be the same on both sides.
    type: bool
    default: false
  limit_s:
    description: How long to wait, in seconds.
    type: float
    default: 86400
  since:
    description: When the unit could have begun (C(since) of an earlier gate); a head start is counted from then.
    type: float
  finish:
    description: Say that the unit has ended this stage. With O(after), wait as that says and hand over as usual then.
    type: bool
    default: false
  word:
    description: How it ended.
    type: str
    default: done
  fenced:
    description: Judge how the stop of the side that is left went, and end the stage unless it is refused.
    type: str
    choices: [done, failed]
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Wait for what this unit needs
  bascule.continuity.gate:
  register: gated

- name: Open the way for those that wait
  bascule.continuity.gate:
    finish: true
"""

RETURN = r"""
unit:
  description:
    - The plan's unit with C(direction), C(serving), C(here_site), C(there_site), C(group), C(policy) and C(in_scope).
    - For systems also C(system), C(machines), C(here), C(there) (machines), C(here_reachable), C(there_reachable),
      C(third_reachable), C(points_site) (the side that lists recovery points),
      C(serves_now) (the side that served before), and C(go) (all systems of the group compared equal).
    - C(together) lists the systems that must be recovered to the same moment, and C(step_options) holds that moment.
    - C(since) says when the unit could have begun (epoch seconds).
    - For switches C(group) is the plan's group, and C(switch) the plan's switch.
    - For activities C(activity), C(observers), C(observer) (the first that answers), C(ask_limit_s) and
      C(system_heartbeats).
  returned: when opened
  type: dict
run:
  description: C(run.json) with the C(direction) of this unit.
  returned: when opened
  type: dict
file:
  description: The steps that come next for this unit.
  returned: when opened
  type: str
playbooks:
  description: The folder of step files.
  returned: when opened
  type: str
known_hosts_lines:
  description: Lines of the folder's C(known_hosts).
  returned: when opened
  type: list
"""
