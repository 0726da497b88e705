# SPDX-License-Identifier: Apache-2.0
"""Machines follow their instances, whoever ends, stops or starts these: the provider, a sweep by tags, a person.

Only where the server was started with BASCULE_DOUBLE_MACHINES. The provider creates machines: it has their names.
"""

from __future__ import annotations

import functools
from typing import Any

from bascule_double.errors import DoubleError
from bascule_double.machines import AFTER, Machines, from_environment
from bascule_double.moto.order import refuse


def cure() -> None:
    """Tell the machine after moto was told."""
    from moto.ec2.models import EC2Backend

    behind = from_environment()
    if behind:
        for action in AFTER:
            follow(EC2Backend, f"{action}_instances", action, behind)


def follow(owner: type[Any], name: str, action: str, behind: Machines) -> None:
    """Do to machines what a method of moto does to instances."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def told(self: Any, instance_ids: list[str], *args: Any, **words: Any) -> Any:
        answer = original(self, instance_ids, *args, **words)
        for instance in instance_ids:
            try:
                behind.follow(action, instance)
            except DoubleError as error:
                refuse("InternalError", str(error))
        return answer

    setattr(owner, name, told)
