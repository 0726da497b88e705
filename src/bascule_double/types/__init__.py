# SPDX-License-Identifier: Apache-2.0
"""All types of resources that the double knows, by their token. One module a family, one line here."""

from __future__ import annotations

from bascule_double import SAYS
from bascule_double.config import Settings
from bascule_double.machines import Machines
from bascule_double.rules import Type
from bascule_double.types import (
    addresses,
    alarms,
    balancer_table,
    bucket_setting_table,
    buckets,
    budgets,
    disks,
    health,
    instance_table,
    keys,
    names,
    network,
    roles,
    routing,
    security_groups,
    topics,
    users,
    vpn,
)

FAMILIES = (
    network,
    routing,
    security_groups,
    instance_table,
    addresses,
    disks,
    keys,
    buckets,
    bucket_setting_table,
    roles,
    users,
    names,
    health,
    alarms,
    topics,
    budgets,
    balancer_table,
    vpn,
)
TYPES: dict[str, Type] = {type_.token: type_ for family in FAMILIES for type_ in family.TYPES}


def warning(settings: Settings, machines: Machines | None) -> str:
    """The line that says that nothing of this is AWS, and what is behind it."""
    behind = (
        f"instances are machines made by `{machines.command[0]}`"
        if machines
        else "instances are moto's only: no machine runs"
    )
    return (
        f"{SAYS}: nothing of this is AWS. Rules checked for {len(TYPES)} types of resources: inputs, what a change "
        f"replaces, order and protection of deletions; not checked: quotas, permissions, time. Made in moto at "
        f"{settings.endpoint('sts')}, region {settings.region}; {behind}."
    )
