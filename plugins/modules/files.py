#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module of the system type `files`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: files
short_description: One step of the continuity of trees of files, on one machine
description:
  - Copies are snapshots of restic in a repository on the standby machine, which belongs to the user C(bascule). The
    primary adds to it over SSH through C(rclone serve restic --append-only); its key can do nothing else, so who takes
    the primary cannot delete copies.
  - Where that machine is only built when it is needed, the repository is in a bucket (V(place: bucket) of the
    protection). The primary writes there with a key that may add and read, machines of the site with their role.
  - A recovery restores beside the tree, in the same file system, and swaps it in by rename. Of a tree that is a mount,
    the content is swapped inside. A restore that fails leaves what was there.
  - Owners are matched by name when the numbers differ on the two machines; numbers in access control lists are not.
  - Trees that are held are read-only by a bind mount over themselves. Programs that had files open may go on writing.
  - Debian 12 or Ubuntu 22.04 and later, systemd; C(restic) 0.14 and C(rclone) 1.53 or later.
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
      - C(bucket) (C(endpoint), C(name), C(region), and in one step C(writer), names of secrets; given by the action),
        C(known_hosts_lines), C(ssh_ports) (by side), C(mode) (V(hold), V(stop), V(release)), C(last) (ship what was
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
  bascule.continuity.files:
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
  description: What was seen, for the journal. No secret and no content of files is in it.
  type: dict
  returned: always
facts:
  description: What the same step on the other machine must know.
  type: dict
  returned: for some steps
"""

from ansible_collections.bascule.continuity.plugins.module_utils import files_module, files_steps


def main() -> None:
    """Run one step and tell its result."""
    files_module.main(files_steps.STEPS)


if __name__ == "__main__":
    main()
