# SPDX-License-Identifier: Apache-2.0
"""The whole site: each part is given what it needs of those before it."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from standby_aws import outputs
from standby_aws.blueprint import Blueprint
from standby_aws.components.access import Public, Vpn
from standby_aws.components.compute import Compute
from standby_aws.components.copies import Copies
from standby_aws.components.data import Data
from standby_aws.components.link import Link
from standby_aws.components.network import Network
from standby_aws.components.switch import Switch
from standby_aws.components.watch import Watch
from standby_aws.decisions import access


def build(decided: Blueprint) -> pulumi.Output[Any]:
    """Build what was decided; return the stack's output `bascule`, under `schemas/outputs`."""
    here = decided.here
    provider = aws.Provider("aws", region=here.cloud["region"])
    network = Network(decided.network, decided.doors, provider)
    data = Data(f"{here.prefix}-data", decided.data, provider)
    copies = None
    if decided.copies and data.key is not None:
        copies = Copies(decided.copies, data.key, provider)
    compute = Compute(decided.compute, network, data, copies.bucket.arn if copies else None, provider)
    link = None
    if decided.link:
        link = Link(decided.link, compute.machines[decided.link.machine], network.routes, provider)
    way_in = _access(decided, network, compute, provider)
    watch = Watch(decided.watch, here.policy, compute.machines, provider) if decided.watch else None
    switch = None
    if decided.switch and watch:
        switch = Switch(decided.switch, here.cloud["region"], watch.failing, provider)
    known = {
        "instances": {name: one.id for name, one in compute.machines.items()},
        "publics": {name: one.public_ip for name, one in compute.machines.items()},
        "endpoint": link.endpoint if link else None,
        "bucket": copies.bucket.bucket if copies else None,
        "writer": copies.writer.arn if copies else None,
        "instance": compute.role.arn,
        "zone": switch.zone if switch else None,
        "topic": watch.topic.arn if watch else None,
        "address": way_in,
    }
    return pulumi.Output.from_input(known).apply(lambda values: outputs.bascule(decided, values))


def _access(
    decided: Blueprint, network: Network, compute: Compute, provider: pulumi.ProviderResource
) -> pulumi.Input[str] | None:
    wanted = decided.access
    if isinstance(wanted, access.Public):
        group = network.groups[f"on-{wanted.machine}"]
        return Public(wanted, network, compute.machines[wanted.machine], group, provider).balancer.dns_name
    if isinstance(wanted, access.Vpn):
        return Vpn(wanted, network, provider).address
    return None
