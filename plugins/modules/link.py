#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module of the link between the firm's sites and a standby in a cloud."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: link
short_description: One step of the link to a standby in a cloud
version_added: "0.1.0"
description:
  - The link is WireGuard, by the kernel where it has it, else by C(wireguard-go). Tunnels end at one machine of the
    standby, which has the public address, and at the machines that the policy names as peers.
  - V(raise) installs what is missing where there is a package manager, lays the settings and a systemd unit with the
    tunnel, its routes, and rules that bound what is passed on to the networks of the plan. Machines beside an end get
    routes through it. A second time it changes nothing.
  - V(probe) sends a packet to each far end that can leave by the tunnel only, and compares the counters of the tunnel
    and its last handshake. It changes nothing.
  - V(forget) removes all of it, and says what is left. Packages stay.
  - The action finds in the plan what the machine is in the link, and skips machines that are none of it.
  - Works only inside a run that P(bascule.continuity.guard#module) let through.
options:
  step:
    description: What to do.
    type: str
    required: true
    choices: [raise, probe, forget]
  limit_s:
    description:
      - For how long V(probe) asks each far end, in seconds. One that was started anew is heard again when the other end
        has missed its answers for fifteen.
    type: float
    default: 25
  link:
    description: What this machine is in the link. Given by the action.
    type: dict
    default: {}
  secrets:
    description: The private key of this machine's tunnel. Given by the action.
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
- name: Raise the link
  bascule.continuity.link:
    step: raise
"""

RETURN = r"""
evidence:
  description:
    - For V(probe) the C(ways), one for each far end, and C(problems), sentences.
    - For V(forget) what is C(left).
  returned: always
  type: dict
  sample:
    ways:
      - {peer: files2, through: true, seconds: 0.004, handshake_age_s: 12, sent_bytes: 1088, received_bytes: 1088,
         endpoint: "198.51.100.7:51820"}
    problems: []
changes:
  description: What was changed, in words.
  returned: always
  type: list
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bascule.continuity.plugins.module_utils import (
    link_forget,
    link_probe,
    link_raise,
    machine_files,
)
from ansible_collections.bascule.continuity.plugins.module_utils.link_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

STEPS = {"raise": link_raise.raise_, "probe": link_probe.probe, "forget": link_forget.forget}
LOCK_LIMIT_S = 120


def main():
    """Run one step and tell its result, or why it failed as one sentence."""
    module = AnsibleModule(argument_spec={
        "step": {"type": "str", "required": True, "choices": sorted(STEPS)},
        "limit_s": {"type": "float", "default": 25},
        "link": {"type": "dict", "default": {}},
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        "run": {"type": "dict", "default": {}},
    }, supports_check_mode=True)
    job = Job(module.params["link"], module.params["secrets"], module.params["limit_s"])
    try:
        lock = f"/run/lock/bascule-{job.policy}-link.lock"
        with machine_files.locked(lock, LOCK_LIMIT_S, "An earlier step of the link"):
            result = STEPS[module.params["step"]](job)
    except TroubleError as trouble:
        module.fail_json(msg=f"{str(trouble).rstrip('.')}.", changed=bool(job.changes))
    except OSError as fault:
        module.fail_json(msg=f"{job.machine} refused: {fault}. Correct it and start again.", changed=bool(job.changes))
    module.exit_json(changed=bool(job.changes), changes=job.changes, word="done", **result)


if __name__ == "__main__":
    main()
