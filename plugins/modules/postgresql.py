#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module of the system type `postgresql`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql
short_description: One step of the continuity of a PostgreSQL cluster, on one machine
description:
  - Prepares, protects, recovers, demotes, compares and forgets one cluster as Debian and Ubuntu keep it
    (C(VERSION/NAME), unit C(postgresql@VERSION-NAME)), PostgreSQL 13 or later. Port, data folder and owner are asked
    from the machine. The umbrella unit C(postgresql.service) is never used.
  - The live copy is a streaming standby with a slot. Copies with history are kept by pgBackRest in a repository on
    the standby machine, with a configuration of their own below C(/etc/pgbackrest/bascule).
  - C(pg_hba.conf) and C(pg_ident.conf) of the side that serves are carried to the other one, under lines of ours for
    the machine of the other side. Clients of both sites must therefore be let in by the primary's C(pg_hba.conf)
    already, for example by one line for each site's network.
  - Of its settings, those are carried without which a standby does not start (C(max_connections) and the like).
    Others, such as C(shared_buffers), are the firm's own on each machine.
  - Tables that are C(unlogged) are not part of any copy; logical slots do not survive a recovery.
  - The key of the primary may only start pgBackRest's remote for its stanza. It can still write to the repository, so
    a recovery shuts it out first.
version_added: 0.1.0
options:
  step:
    description:
      - What to do on this machine.
    type: str
    required: true
    choices: [prepare, password, protect, points, recover, demote, resync, compare, forget, status]
  system:
    description:
      - The system as the plan has it.
    type: dict
    required: true
  side:
    description:
      - Which side this machine is.
    type: str
    required: true
    choices: [primary, standby]
  serving:
    description:
      - Which side serves or is to serve.
    type: str
    required: true
    choices: [primary, standby]
  policy:
    description:
      - Identity of the policy.
    type: str
    required: true
  peer:
    description:
      - The C(facts) that this module returned on the other machine. There is no secret in them.
    type: dict
    default: {}
  password:
    description:
      - The password of the replication role, from the step V(password) on the other machine.
    type: str
    default: ''
  options:
    description:
      - C(restart) (V(allowed) or empty), C(archive) (V(replace) or empty), C(mode) (V(hold), V(release), V(stop)),
        C(last) (ship the last data first), C(final), C(known_hosts_lines), C(ssh_ports), and limits in seconds such as
        C(copy_s).
    type: dict
    default: {}
  secrets:
    description:
      - Values of the secrets that O(system) names; given by the action plugin.
    type: dict
    default: {}
  runtime:
    description:
      - The packed agents; given by the action plugin.
    type: str
    default: ''
  run:
    description:
      - The run that this step belongs to; given by the action plugin.
    type: dict
    default: {}
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Serve from the standby machine
  bascule.continuity.postgresql:
    step: recover
    system: "{{ unit.system }}"
    side: standby
    serving: standby
    policy: workshop
"""

RETURN = r"""
word:
  description: The strongest thing that was seen.
  type: str
  returned: always
evidence:
  description: What was seen, for the journal. No secret and no row of data is in it.
  type: dict
  returned: always
facts:
  description: What the same step on the other machine must know.
  type: dict
  returned: for some steps
notes:
  description: Sentences that the report of the run repeats.
  type: list
  elements: str
  returned: always
password:
  description: The password of the replication role.
  type: str
  returned: for the step password
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bascule.continuity.plugins.module_utils import machine_files, machine_run, pg_steps
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

SIDE = {"type": "str", "required": True, "choices": ["primary", "standby"]}
ARGUMENTS = {
    "step": {"type": "str", "required": True, "choices": list(pg_steps.STEPS)},
    "system": {"type": "dict", "required": True},
    "side": SIDE,
    "serving": SIDE,
    "policy": {"type": "str", "required": True},
    "peer": {"type": "dict", "default": {}},
    "password": {"type": "str", "default": "", "no_log": True},
    "options": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "runtime": {"type": "str", "default": ""},
    "run": {"type": "dict", "default": {}},
}


def main() -> None:
    """Run one step and tell its result."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    machine_files.only_reads(module, module.params["step"])
    job = Job(**{name: module.params[name] for name in ARGUMENTS})
    machine_run.give_way(job.run.get("behind", 0))
    try:
        with machine_files.one_step(job.policy, job.id, job.step, job.limit("lock_s", 1800)):
            job.load()
            result = pg_steps.STEPS[job.step](job)
    except ValueError as problem:
        module.fail_json(msg=f"The marker of {job.id} was not written: {problem}. Look at dr-status.yml.")
    except (PlainError, TroubleError) as problem:
        evidence = {"durations_s": job.durations, "changed": job.changes}
        module.fail_json(msg=f"{str(problem).rstrip('.')}.", changed=bool(job.changes), evidence=evidence,
                         notes=job.notes)
    except OSError as fault:
        module.fail_json(msg=f"{job.machine} refused: {fault}. Correct it and run again.", changed=bool(job.changes))
    module.exit_json(changed=bool(job.changes), notes=job.notes, **{"word": "done", **result})


if __name__ == "__main__":
    main()
