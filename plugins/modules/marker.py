#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Target side: writes which side serves."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: marker
short_description: Writes on a machine which side serves a switch group
version_added: "0.1.0"
description:
  - Writes C(/var/lib/bascule/POLICY/groups/GROUP.json). The highest epoch on the machines of a group says who serves.
  - Never replaces a marker by one of a lower epoch.
  - Works only inside a run that P(bascule.continuity.guard#module) let through.
options:
  policy:
    description: Identity of the policy. Given by the action.
    type: str
  groups:
    description: Markers by group, each with C(group), C(epoch), C(serving) and C(systems). Given by the action.
    type: dict
    default: {}
  state:
    description: Folder of what is kept on the machine.
    type: path
    default: /var/lib/bascule
  run:
    description: The run. Given by the action.
    type: dict
    default: {}
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Write who serves
  bascule.continuity.marker:
"""

RETURN = r"""
evidence:
  description: The markers of this machine, by group.
  returned: always
  type: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bascule.continuity.plugins.module_utils import machine_marker


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec={
        "policy": {"type": "str"},
        "groups": {"type": "dict", "default": {}},
        "state": {"type": "path", "default": "/var/lib/bascule"},
        "run": {"type": "dict", "default": {}},
    }, supports_check_mode=False)
    args, changed, evidence = module.params, False, {}
    folder = os.path.join(args["state"], args["policy"], "groups")
    try:
        for group, marker in sorted(args["groups"].items()):
            path = os.path.join(folder, group + ".json")
            evidence[group], wrote = machine_marker.write(path, marker, args["run"]["id"])
            changed = changed or wrote
    except ValueError as error:
        module.fail_json(msg="The marker of {0} was not written: {1}. Look at dr-status.yml.".format(group, error))
    except OSError as error:
        module.fail_json(msg="The marker of {0} was not written: {1}. Correct it and start again.".format(group, error))
    module.exit_json(changed=changed, evidence=evidence)


if __name__ == "__main__":
    main()
