#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Target side, on an observer: installs the watch, asks, says what users saw."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: observe
short_description: Asks from outside whether activities are usable
version_added: "0.1.0"
description:
  - Installs a service that asks every second, through the names that users type, and writes each answer down.
  - Asks one activity until it is usable or time is up; its checks that leave a marked record are among the questions.
  - Says what users saw around the disruption, and which acknowledged records are gone.
  - Works only inside a run that P(bascule.continuity.guard#module) let through.
options:
  step:
    description: What to do.
    type: str
    choices: [install, ask, outage, forget]
    required: true
  activity:
    description: Identity of the activity, for V(ask) and V(outage).
    type: str
    default: ""
  limit_s:
    description: For how long to ask, in seconds.
    type: float
    default: 120
  policy:
    description: Identity of the policy. Given by the action.
    type: str
  checks:
    description: The activity's C(usable_when). Given by the action.
    type: list
    elements: dict
    default: []
  activities:
    description: All activities' C(usable_when), for V(install). Given by the action.
    type: dict
    default: {}
  files:
    description: The firm's checks, path to base64, for V(install). Given by the action.
    type: dict
    default: {}
  every_s:
    description: Seconds between two questions. Given by the action.
    type: float
    default: 1
  runtime:
    description: The packed runtime, for V(install). Given by the action.
    type: str
    default: ""
  state:
    description: Folder of what is kept on the machine.
    type: path
    default: /var/lib/bascule
  home:
    description: Folder of the installed runtime.
    type: path
    default: /usr/local/lib/bascule
  secrets:
    description: Values of the secrets that the checks name. Given by the action.
    type: dict
    default: {}
  run:
    description: The run. Given by the action.
    type: dict
    default: {}
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Ask as users do
  bascule.continuity.observe:
    step: ask
    activity: orders
    limit_s: 300
  delegate_to: outside
"""

RETURN = r"""
evidence:
  description: What was asked and seen. Times are seconds since the epoch.
  returned: always
  type: dict
  sample:
    activity: orders
    answer: {usable: true, at: 1795456040.1, asked: 3, who: 10.99.2.12}
    outage: {last_good: 1795456000.2, first_good: 1795456040.1}
    acknowledged: {asked: 120, held: 118, lost: 2}
word:
  description: C(usable) when all checks said yes.
  returned: for step ask
  type: str
"""

import json
import os
import subprocess
import sys

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bascule.continuity.plugins.module_utils import observer_files


def ask(module):
    """Run the installed runtime, with secrets on its standard input; returns the module's result."""
    args = module.params
    home = os.path.join(args["state"], args["policy"])
    if not os.path.isdir(os.path.join(args["home"], "bascule_runtime")):
        module.fail_json(msg="This observer has not been set up. Run dr-build.yml.")
    request = {"activity": args["activity"], "checks": args["checks"], "home": os.path.join(home, "observer"),
               "state": home, "secrets": args["secrets"], "started": args["run"]["started"], "limit_s": args["limit_s"],
               "ask": args["step"] == "ask"}
    limit = args["limit_s"] + 120
    try:
        ended = subprocess.run([sys.executable, "-m", "bascule_runtime", "ask"], input=json.dumps(request),
                               capture_output=True, text=True, timeout=limit, check=False, cwd=home,
                               env=dict(os.environ, PYTHONPATH=args["home"], PYTHONDONTWRITEBYTECODE="1"))
        evidence = json.loads(ended.stdout)
    except subprocess.TimeoutExpired:
        module.fail_json(msg="The observer did not come to an end within {0:g} s.".format(limit))
    except ValueError:
        lines = ended.stderr.strip().splitlines() or ["it said nothing"]
        module.fail_json(msg="The observer cannot ask ({0}). Run dr-build.yml again.".format(lines[-1]))
    usable = (evidence.get("answer") or {}).get("usable")
    return dict({"word": "usable"} if usable else {}, changed=False, evidence=evidence)


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec={
        "step": {"type": "str", "choices": ["install", "ask", "outage", "forget"], "required": True},
        "activity": {"type": "str", "default": ""},
        "limit_s": {"type": "float", "default": 120},
        "policy": {"type": "str"},
        "checks": {"type": "list", "elements": "dict", "default": []},
        "activities": {"type": "dict", "default": {}},
        "files": {"type": "dict", "default": {}},
        "every_s": {"type": "float", "default": 1},
        "runtime": {"type": "str", "default": ""},
        "state": {"type": "path", "default": "/var/lib/bascule"},
        "home": {"type": "path", "default": "/usr/local/lib/bascule"},
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        "run": {"type": "dict", "default": {}},
    }, supports_check_mode=True)
    steps = {"install": lambda: observer_files.install(module.params), "ask": lambda: ask(module),
             "outage": lambda: ask(module), "forget": lambda: observer_files.forget(module.params)}
    try:
        result = steps[module.params["step"]]()
    except observer_files.ProblemError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
