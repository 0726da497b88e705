#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: route53_switch
short_description: Points the names of a switch group at the side that serves, in Route 53
version_added: "0.1.0"
description:
  - Replaces the records of all names that lead elsewhere by one change, waits until Route 53 has brought it to all its
    servers (three minutes at most), asks Route 53 for the records again, and the zone's name servers where they can be
    asked.
  - Changes nothing when the names are right already.
  - The zone is the one of O(switch), else the one in C(outputs/standby.json) of the compiled folder, else the only
    public one of that name in the account.
  - Credentials come by AWS's own chain - the environment, a profile, a web identity, the role of the machine.
    The identity needs C(route53:GetHostedZone), C(route53:ListResourceRecordSets), C(route53:ChangeResourceRecordSets),
    C(route53:GetChange), and C(route53:ListHostedZonesByName) where nothing says the zone's id.
  - Records between which Route 53 chooses (weighted, failover and their like) are left alone, which is a failure.
  - Works only inside a run that P(bascule.continuity.guard#module) let through. Runs on the controller, as an action.
requirements:
  - boto3, in the Python that runs Ansible
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
  bascule.continuity.route53_switch:
    switch: "{{ unit.switch }}"
    group: "{{ unit.group }}"
    side: "{{ unit.direction }}"
"""

RETURN = r"""
evidence:
  description:
    - The names and the addresses that they are to have, those that were switched, the zone, the change, and what each
      name server of the zone said - V(same), or V(silent) where it cannot be asked.
  returned: always
  type: dict
"""
