# SPDX-License-Identifier: Apache-2.0
"""The network and its security groups."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from standby_aws.components.part import Part
from standby_aws.decisions import doors, network


class Network(Part):
    """A VPC over two zones, with one way out, and closed security groups."""

    def __init__(
        self, decided: network.Network, groups: Mapping[str, doors.Group], provider: pulumi.ProviderResource
    ) -> None:
        super().__init__(decided.mark.name, provider)
        self.vpc = aws.ec2.Vpc(
            decided.mark.name,
            cidr_block=decided.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=decided.mark.tags,
            opts=self.inside(),
        )
        self.subnets = {name: self._subnet(one) for name, one in decided.subnets.items()}
        self.routes = self._way_out(decided)
        self.groups = {name: self._group(one) for name, one in groups.items()}
        self.register_outputs({"vpc": self.vpc.id})

    def _subnet(self, decided: network.Subnet) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            decided.mark.name,
            vpc_id=self.vpc.id,
            cidr_block=decided.cidr,
            availability_zone=decided.zone,
            map_public_ip_on_launch=False,
            tags=decided.mark.tags,
            # The new range may overlap the old one.
            opts=self.inside(delete_before_replace=True),
        )

    def _way_out(self, decided: network.Network) -> aws.ec2.RouteTable:
        gateway = aws.ec2.InternetGateway(
            decided.gateway.name,
            vpc_id=self.vpc.id,
            tags=decided.gateway.tags,
            # It cannot leave a network in which public addresses are in use.
            opts=self.inside(replace_on_changes=["vpc_id"]),
        )
        table = aws.ec2.RouteTable(
            decided.routes.name, vpc_id=self.vpc.id, tags=decided.routes.tags, opts=self.inside()
        )
        aws.ec2.Route(
            f"{decided.routes.name}-out",
            route_table_id=table.id,
            destination_cidr_block=network.ANYWHERE,
            gateway_id=gateway.id,
            opts=self.inside(),
        )
        for name, subnet in self.subnets.items():
            aws.ec2.RouteTableAssociation(
                f"{decided.routes.name}-{name}", route_table_id=table.id, subnet_id=subnet.id, opts=self.inside()
            )
        return table

    def _group(self, decided: doors.Group) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            decided.mark.name,
            vpc_id=self.vpc.id,
            description=decided.description,
            tags=decided.mark.tags,
            opts=self.inside(),
        )
        for kind, rules in (
            (aws.vpc.SecurityGroupIngressRule, decided.ingress),
            (aws.vpc.SecurityGroupEgressRule, decided.egress),
        ):
            for rule in rules:
                name = f"{decided.mark.name}-{rule.name}"
                kind(
                    name,
                    security_group_id=group.id,
                    ip_protocol=rule.protocol,
                    from_port=rule.port,
                    to_port=rule.port,
                    cidr_ipv4=rule.cidr,
                    description=rule.name,
                    tags={**decided.mark.tags, "Name": name},
                    opts=self.inside(),
                )
        return group
