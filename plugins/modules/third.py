#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module of the third place: a machine at neither site that fetches the standby's copies."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: third
short_description: One step of keeping the copies of a system at a third place
version_added: "0.1.0"
description:
  - A machine at neither site fetches the repository of a system from the standby machine, again and again. It reads
    through a key that can do nothing else, so what it has cannot be reached from either site, and has no key for it.
  - None of its files is ever replaced, and what vanishes at the standby stays for as long as the policy says.
  - When the standby is gone it gives the repository to the machine that replaces it.
options:
  step:
    description:
      - At the third place, V(prepare) makes a key, V(fetch) fetches now and from now on, V(look) says what there is,
        V(give) gives the copies to a standby machine that has none, V(forget) stops and leaves the copies.
      - At the standby, V(open) lets them be read, V(receive) lets them be written where there are none, V(settle) ends
        that, V(forget) shuts the third place out.
    type: str
    required: true
    choices: [prepare, fetch, look, give, forget, open, receive, settle]
  system:
    description: The system as the plan has it.
    type: dict
    required: true
  place:
    description: Where this machine is.
    type: str
    required: true
    choices: [third, standby]
  policy:
    description: Identity of the policy.
    type: str
    required: true
  peer:
    description: The C(facts) that this module returned on the other machine. There is no secret in them.
    type: dict
    default: {}
  options:
    description: C(known_hosts_lines), C(ssh_ports) (by side), and limits in seconds, C(fetch_s), C(give_s).
    type: dict
    default: {}
  runtime:
    description: The packed agents. Given by the action.
    type: str
    default: ''
  run:
    description: The run. Given by the action.
    type: dict
    default: {}
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Say what the third place has
  bascule.continuity.third:
    step: look
    system: "{{ unit.system }}"
    place: third
    policy: workshop
"""

RETURN = r"""
evidence:
  description: What was seen, for the journal.
  returned: always
  type: dict
facts:
  description: What the same step on the other machine must know.
  returned: for some steps
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bascule.continuity.plugins.module_utils import machine_files, third_place, third_source
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.third_job import Job

STEPS = {
    "third": {"prepare": third_place.prepare, "fetch": third_place.fetch, "look": third_place.look,
              "give": third_place.give, "forget": third_place.forget},
    "standby": {"open": third_source.open_, "receive": third_source.receive, "settle": third_source.settle,
                "forget": third_source.forget},
}  # fmt: skip
ARGUMENTS = {
    "step": {"type": "str", "required": True, "choices": sorted({step for steps in STEPS.values() for step in steps})},
    "system": {"type": "dict", "required": True},
    "place": {"type": "str", "required": True, "choices": ["third", "standby"]},
    "policy": {"type": "str", "required": True},
    "peer": {"type": "dict", "default": {}},
    "options": {"type": "dict", "default": {}},
    "runtime": {"type": "str", "default": ""},
    "run": {"type": "dict", "default": {}},
}


def main() -> None:
    """Run one step and tell its result, or why it failed as one sentence."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    machine_files.only_reads(module, module.params["step"])
    job = Job(**{name: module.params[name] for name in ARGUMENTS if name != "step"})
    try:
        result = STEPS[job.place][module.params["step"]](job)
    except TroubleError as trouble:
        module.fail_json(msg=f"{str(trouble).rstrip('.')}.", changed=bool(job.changes))
    except OSError as fault:
        module.fail_json(msg=f"{job.machine} refused: {fault}. Correct it and run again.", changed=bool(job.changes))
    module.exit_json(changed=bool(job.changes), changes=job.changes, **{"word": "done", "evidence": {}, **result})


if __name__ == "__main__":
    main()
