#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module of the system type `vm`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vm
short_description: One step of the continuity of virtual machines, on one of their hosts
description:
  - Copies are of whole disks, read from a snapshot for which the guest held still (V(image)), or of the blocks that
    changed (V(changed-blocks)), with the definition and all that belongs to it. They go to a repository of restic on
    the host of the standby, which belongs to the user C(bascule); the primary only adds to it.
  - The standby reads each new copy back, so that one that is damaged is found before it is needed. The images may be
    kept there (V(ready)); a recovery then only lays a fresh layer over them.
  - A protected guest starts only where it was released in this boot of the host; libvirt's own hook sees to that. After
    a boot the primary asks the standby's repository whether it may go on.
  - A system that runs inside a guest is recovered with it; its steps only see whether it answers.
  - Debian 12 or Ubuntu 22.04 and later; libvirt 9 with QEMU, C(qemu-img), C(restic) 0.14, C(rclone) 1.53, and
    C(virtnbdbackup) 1.9 for changed blocks.
version_added: 0.1.0
options:
  step:
    description:
      - What to do on this machine.
    type: str
    required: true
    choices: [prepare, protect, points, recover, demote, resync, compare, forget, status]
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
  options:
    description:
      - C(known_hosts_lines), C(ssh_ports) (by side), C(mode) (V(hold), V(stop), V(release)), C(last) (ship what was
        written last), C(final) (the last pass), C(not_after) (epoch seconds that a recovery may not go beyond), and
        limits in seconds, C(copy_s), C(restore_s), C(resync_s), C(start_s), C(stop_s), C(answer_s).
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
  bascule.continuity.vm:
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
  description: What was seen, for the journal. No secret and no content of disks is in it.
  type: dict
  returned: always
facts:
  description: What the same step on the other machine must know.
  type: dict
  returned: for some steps
"""

from ansible_collections.bascule.continuity.plugins.module_utils import files_module, vm_job, vm_steps


def main() -> None:
    """Run one step and tell its result."""
    files_module.main(vm_steps.STEPS, vm_job.Job)


if __name__ == "__main__":
    main()
