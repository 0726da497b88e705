# SPDX-License-Identifier: Apache-2.0
"""The public address, and the routes to what lies beyond the link."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from standby_aws.components.part import Part
from standby_aws.decisions import link
from standby_aws.naming import slug


class Link(Part):
    """The public address outlives its machine: the other ends know it."""

    def __init__(
        self,
        decided: link.Link,
        machine: aws.ec2.Instance,
        routes: aws.ec2.RouteTable,
        provider: pulumi.ProviderResource,
    ) -> None:
        name = decided.mark.name
        super().__init__(name, provider)
        address = aws.ec2.Eip(name, domain="vpc", tags=decided.mark.tags, opts=self.inside())
        held = aws.ec2.EipAssociation(
            name, allocation_id=address.id, instance_id=machine.id, opts=self.inside(delete_before_replace=True)
        )
        for network in decided.beyond:
            aws.ec2.Route(
                f"{name}-to-{slug(network)}",
                route_table_id=routes.id,
                destination_cidr_block=network,
                network_interface_id=machine.primary_network_interface_id,
                opts=self.inside(delete_before_replace=True),
            )
        # The address counts when it leads to the machine.
        self.endpoint: pulumi.Output[str] = pulumi.Output.all(address.public_ip, held.id).apply(lambda known: known[0])
        self.register_outputs({"endpoint": self.endpoint})
