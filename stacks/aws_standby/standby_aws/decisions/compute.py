# SPDX-License-Identifier: Apache-2.0
"""The machines. One keeps the image and the user data that it was made with: newer ones are for new machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from standby_aws.decisions import copies, doors, user_data
from standby_aws.decisions.data import data
from standby_aws.decisions.marks import Mark, mark
from standby_aws.inputs import Situation
from standby_aws.naming import gib

# Of a machine whose data have a volume of their own.
_SYSTEM_BYTES = 16 * 1024**3
_LEAST_GIB = 8


@dataclass(frozen=True)
class Image:
    """An image by its ``id``, or the newest that ``owner`` publishes under a name like ``name``."""

    id: str | None
    owner: str | None
    name: str | None


@dataclass(frozen=True)
class Machine:
    """A machine. ``door``: it has the public address and forwards what is not for itself."""

    mark: Mark
    instance_type: str
    image: Image
    subnet: str
    address: str
    root_gib: int
    groups: tuple[str, ...]
    door: bool
    user_data: str


@dataclass(frozen=True)
class Compute:
    """The machines by their names in the plan, and what they are allowed to do (a policy document, None: nothing)."""

    role: Mark
    machines: Mapping[str, Machine]
    may: Mapping[str, Any] | None


def compute(here: Situation) -> Compute:
    """Return the machines to be built in this phase."""
    volumes = data(here).volumes
    machines = {
        name: Machine(
            mark(here, name, name),
            one["instance_type"],
            Image(one["image"]["id"], one["image"]["owner"], one["image"]["name"]),
            one["subnet"],
            one["address"],
            gib(_SYSTEM_BYTES if name in volumes else one["disk_bytes"], _LEAST_GIB),
            doors.of_machine(here, name),
            name == here.door,
            user_data.user_data(here, name, volumes[name].folders if name in volumes else None),
        )
        for name, one in here.running.items()
    }
    return Compute(mark(here, "machines"), machines, copies.machines_may(here))
