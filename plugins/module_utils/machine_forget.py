# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all policies of a machine share, the agents and the user bascule, goes when the last of them has gone."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files, machine_user, runtime_files

ETC = "/etc/bascule"
LAUNCHER = f"{runtime_files.HOME}/run"
# What reports how old copies are; see `bucket_age`.
REPORTER = "copy-age"
LOCK = "/run/lock/bascule-shared.lock"


def needed() -> bool:
    """Whether any policy still has something on this machine."""
    return any(any(Path(home).glob("*/*")) for home in (ETC, machine_user.HOME))


def shared() -> tuple[bool, list[str]]:
    """Remove what is shared unless it is needed; whether anything changed, and what of it is left that nobody needs."""
    if needed():
        return False, []
    with machine_files.locked(LOCK, 60, "Another change of the agents"):
        names = (runtime_files.PACKAGE, REPORTER)
        places = (LAUNCHER, *(f"{runtime_files.HOME}/{name}" for name in names))
        removed = [machine_user.forget(), *(machine_files.remove(place) for place in places)]
        homes = (runtime_files.HOME, machine_user.HOME, ETC)
        for home in homes:
            # What a policy kept was removed by whoever wrote it; the folder that held it may still be there.
            for place in [*Path(home).glob("*"), home]:
                machine_files.remove_if_empty(place)
    return any(removed), [home for home in homes if os.path.isdir(home)]
