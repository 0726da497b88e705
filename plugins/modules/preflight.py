#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Target side: looks at clock, markers and lock of a machine."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: preflight
short_description: Looks at a machine before a run, and holds it for the run
version_added: "0.1.0"
description:
  - Reads the clock, the markers that say which side serves, and who holds the machine.
  - Takes the lock of a standby machine, so that two activations cannot run at once.
  - Works only inside a run that P(bascule.continuity.guard#module) let through.
options:
  step:
    description: V(look) reads and takes the lock, V(release) gives it back, V(forget) removes markers and lock.
    type: str
    choices: [look, release, forget]
    default: look
  policy:
    description: Identity of the policy. Given by the action.
    type: str
  state:
    description: Folder of what is kept on the machine.
    type: path
    default: /var/lib/bascule
  etc:
    description: Folder of what our steps set up on the machine.
    type: path
    default: /etc/bascule
  again:
    description: Look only at machines that were not looked at yet in this run. Read by the action.
    type: bool
    default: false
  lock:
    description: Whether to take the lock. Given by the action.
    type: bool
    default: false
  holder:
    description: Who takes the lock. Given by the action.
    type: dict
    default: {}
  takeover:
    description: Identity of a run that has ended and whose lock may be taken.
    type: str
    default: ""
  asked_at:
    description: When the controller asked, in seconds since the epoch. Given by the action.
    type: float
    default: 0
  run:
    description: The run. Given by the action.
    type: dict
    default: {}
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Look at the machine and hold it
  bascule.continuity.preflight:
    step: look
"""

RETURN = r"""
evidence:
  description: The clock (seconds since the epoch), how far it is at least from the controller's, markers by group,
    and whether anything of the policy was built there.
  returned: for step look
  type: dict
  sample: {clock: 1795456000.1, offset_s: 0.02, groups: {orders: {epoch: 2, serving: standby}}}
held_by:
  description: Who holds the machine, if anybody.
  returned: for step look
  type: dict
"""

import glob
import json
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bascule.continuity.plugins.module_utils import machine_forget, machine_user


def read_json(path):
    """The JSON document at path, or None when there is none."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError:
        return None


def take(path, holder, takeover):
    """Take the lock unless somebody else has it; returns who has it then."""
    present = read_json(path)
    if present and present.get("run") == holder["run"]:
        return present
    if present and present.get("run") != takeover:
        return present
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    if present:
        os.unlink(path)
    # Whole or not at all: another controller may read it at any moment, and the disk may be full.
    draft = "{0}.{1}".format(path, holder["run"])
    try:
        with open(draft, "w", encoding="utf-8") as stream:
            json.dump(dict(holder, at=time.time()), stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, path)
    except FileExistsError:
        # Somebody was faster.
        return read_json(path)
    finally:
        if os.path.exists(draft):
            os.unlink(draft)
    return holder


def release(path, holder):
    """Give the lock back if it is ours."""
    if (read_json(path) or {}).get("run") == holder.get("run"):
        os.unlink(path)


def forget(home):
    """Remove markers and lock, and the folders that are empty then; returns what changed and what is left of them."""
    paths = [*sorted(glob.glob(os.path.join(home, "groups", "*.json"))), os.path.join(home, "lock.json")]
    present = [path for path in paths if os.path.exists(path)]
    for path in present:
        os.unlink(path)
    for folder in (os.path.join(home, "groups"), home):
        if os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
    left = [os.path.join(home, name) for name in sorted(os.listdir(home))] if os.path.isdir(home) else []
    changed, rest = machine_forget.shared() if os.path.dirname(home) == machine_user.HOME else (False, [])
    return {"changed": bool(present) or changed, "word": "done", "evidence": {"left": left + rest}}


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec={
        "step": {"type": "str", "choices": ["look", "release", "forget"], "default": "look"},
        "policy": {"type": "str"},
        "state": {"type": "path", "default": "/var/lib/bascule"},
        "etc": {"type": "path", "default": machine_forget.ETC},
        "again": {"type": "bool", "default": False},
        "lock": {"type": "bool", "default": False},
        "holder": {"type": "dict", "default": {}},
        "takeover": {"type": "str", "default": ""},
        "asked_at": {"type": "float", "default": 0},
        "run": {"type": "dict", "default": {}},
    }, supports_check_mode=True)
    try:
        work(module, time.time())
    except (OSError, ValueError) as error:
        text = "What is kept below {0} cannot be read or written: {1}. Correct it and start again."
        module.fail_json(msg=text.format(module.params["state"], error))


def work(module, clock):
    """Do the step; `clock` is when this module began, in seconds since the epoch."""
    args = module.params
    home = os.path.join(args["state"], args["policy"])
    path = os.path.join(home, "lock.json")
    if args["step"] == "forget":
        module.exit_json(**forget(home))
    if args["step"] == "release":
        release(path, args["holder"])
        module.exit_json(changed=False)
    # A lock lasts no longer than the run, so it counts as no change.
    holder = read_json(path)
    if args["lock"]:
        holder = take(path, args["holder"], args["takeover"])
    markers = [read_json(name) for name in sorted(glob.glob(os.path.join(home, "groups", "*.json")))]
    evidence = {"clock": clock, "asked_at": args["asked_at"],
                "groups": {marker["group"]: marker for marker in markers if marker},
                "built": os.path.isdir(os.path.join(args["etc"], args["policy"]))}
    module.exit_json(changed=False, evidence=evidence, held_by=holder)


if __name__ == "__main__":
    main()
