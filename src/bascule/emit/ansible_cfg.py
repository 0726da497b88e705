# SPDX-License-Identifier: Apache-2.0
"""Plan to `ansible.cfg`: everything that a run needs, so that nothing of the user's own settings decides."""

from __future__ import annotations

from collections import Counter

from bascule.plan import Plan
from bascule_runtime import workers

_FEWEST_FORKS = 10

_TEXT = """\
[defaults]
inventory = {inventory}
collections_path = collections
roles_path = roles
forks = {forks}
timeout = 5
gathering = explicit
interpreter_python = /usr/bin/python3
host_key_checking = True
retry_files_enabled = False
stdout_callback = ansible.builtin.default
callbacks_enabled = bascule.continuity.journal
internal_poll_interval = 0.01

[inventory]
enable_plugins = {plugins}
any_unparsed_is_failed = True

[ssh_connection]
ssh_args = -F ssh_config
pipelining = True
"""


# Where a site is built, one plugin more says what is there.
_INVENTORY = ("inventory/hosts.yml", "inventory/standby.yml")
_PLUGINS = ("ansible.builtin.yaml", "bascule.continuity.standby")


def ansible_cfg(plan: Plan) -> str:
    """Given a plan, return `ansible.cfg`. A waiting unit holds a worker, hence as many workers as units.

    Never fewer than the systems of a group: on the way home each waits for the others, whichever comes first.
    """
    together = Counter(system.group for system in plan.systems.values())
    forks = min(workers.MOST, max(_FEWEST_FORKS, len(plan.machines), len(plan.units)))
    sources = 2 if any(site.cloud for site in plan.sites.values()) else 1
    return _TEXT.format(
        forks=max(forks, *together.values(), 0),
        inventory=",".join(_INVENTORY[:sources]),
        plugins=", ".join(_PLUGINS[:sources]),
    )
