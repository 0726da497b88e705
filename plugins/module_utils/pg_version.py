# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a machine has the PostgreSQL that a system is of."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.bascule.continuity.plugins.module_utils import pg_host

PROGRAMS = "/usr/lib/postgresql"


def problem(machine: str, system: str, label: str, programs: str = PROGRAMS) -> str:
    """A sentence when the server of the cluster `VERSION/NAME` is not installed on this machine, else ""."""
    version = label.partition("/")[0]
    if Path(programs, version, "bin", "postgres").exists():
        return ""
    others = sorted(path.parts[-3] for path in Path(programs).glob("*/bin/postgres"))
    has = f"has PostgreSQL {', '.join(others)}" if others else "has no PostgreSQL server"
    return (f"{machine} {has}, and {system} is of version {version}: no major version reads the data of another. "
            f"Install there: apt-get install postgresql-{version}. Then run dr-build.yml.")


def of_data(machine: str, system: str, label: str, data: str) -> str:
    """A sentence when the data folder of the cluster was written by another major version, else ""."""
    version, written = label.partition("/")[0], pg_host.read(f"{data}/PG_VERSION").strip()
    if written in ("", version):
        return ""
    return (f"The data folder {data} of {system} on {machine} is of PostgreSQL {written}, the cluster of version "
            f"{version}: no major version reads the data of another. Move the folder away, then run dr-build.yml.")
