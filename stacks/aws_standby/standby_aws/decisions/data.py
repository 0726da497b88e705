# SPDX-License-Identifier: Apache-2.0
"""What must not be lost: the key, and a volume of its own for each machine that holds copies.

A machine can be made anew; its volume stays and is attached to the new one. A drill has no key: one would stay for
weeks after it, waiting for its deletion; the account's own key encrypts a drill.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from standby_aws.decisions.marks import Mark, mark
from standby_aws.inputs import Situation
from standby_aws.naming import gib

KEY_DELETION_DAYS = 30
MOUNT = "/srv"
# Type of a system → the folders in which it keeps its data, beside those that its settings name.
FOLDERS = {"postgresql": ("/var/lib/postgresql",)}
# Where the product keeps copies.
COPIES = "/var/lib/bascule"
_LEAST_GIB = 1


@dataclass(frozen=True)
class Volume:
    """The volume of a machine. ``folders``: what lives on it beside all that is below `MOUNT`."""

    mark: Mark
    zone: str
    size_gib: int
    protected: bool
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Data:
    """``key`` is None in drills; ``volumes`` by the machines that have one."""

    key: Mark | None
    protected: bool
    volumes: Mapping[str, Volume]


def data(here: Situation) -> Data:
    """Return the key and the volumes to be built."""
    kept = here.request.drill is None
    volumes = {name: _volume(here, name) for name, machine in here.running.items() if machine["data"]}
    return Data(mark(here, "data") if kept else None, kept, volumes)


def _volume(here: Situation, name: str) -> Volume:
    machine = here.cloud["machines"][name]
    return Volume(
        mark(here, f"{name}-data", name),
        here.cloud["subnets"][machine["subnet"]]["zone"],
        gib(machine["disk_bytes"], _LEAST_GIB),
        # What is only there during an activation goes when that ends.
        here.request.drill is None and "protect" in machine["runs_in"],
        folders(here, name),
    )


def folders(here: Situation, name: str) -> tuple[str, ...]:
    """Return the folders that live on a machine's volume and are not below `MOUNT`, in order of their names."""
    found = {COPIES}
    for system in here.systems.values():
        if system["machines"]["standby"] == name:
            settings = system["settings"]
            found |= {*FOLDERS.get(system["type"], ()), *settings.get("paths", ()), *settings.get("state", ())}
    return tuple(sorted(path for path in found if not PurePosixPath(path).is_relative_to(MOUNT)))
