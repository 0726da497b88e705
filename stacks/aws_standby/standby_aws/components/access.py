# SPDX-License-Identifier: Apache-2.0
"""How users come in, where it is not by the link."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from standby_aws.components.network import Network
from standby_aws.components.part import Part
from standby_aws.decisions import access
from standby_aws.decisions.network import ANYWHERE

_CIPHERS = "ELBSecurityPolicy-TLS13-1-2-2021-06"


class Public(Part):
    """A load balancer with a certificate that was issued beforehand."""

    def __init__(
        self,
        decided: access.Public,
        network: Network,
        machine: aws.ec2.Instance,
        group: aws.ec2.SecurityGroup,
        provider: pulumi.ProviderResource,
    ) -> None:
        super().__init__(decided.mark.name, provider)
        front = self._front(decided, network, group)
        self.balancer = aws.lb.LoadBalancer(
            decided.mark.name,
            name=decided.name,
            load_balancer_type="application",
            internal=False,
            security_groups=[front.id],
            subnets=[subnet.id for subnet in network.subnets.values()],
            drop_invalid_header_fields=True,
            tags=decided.mark.tags,
            opts=self.inside(),
        )
        self._listen(decided, self._behind(decided, network, machine))
        self.register_outputs({"address": self.balancer.dns_name})

    def _front(self, decided: access.Public, network: Network, behind: aws.ec2.SecurityGroup) -> aws.ec2.SecurityGroup:
        name, marks = decided.mark.name, decided.mark.tags
        front = aws.ec2.SecurityGroup(
            name, vpc_id=network.vpc.id, description="Users, by the public name", tags=marks, opts=self.inside()
        )
        for port in access.OPEN_PORTS:
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{port}",
                security_group_id=front.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_ipv4=ANYWHERE,
                description="users",
                tags=marks,
                opts=self.inside(),
            )
        between = {"ip_protocol": "tcp", "from_port": decided.port, "to_port": decided.port, "tags": marks}
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-to",
            security_group_id=front.id,
            referenced_security_group_id=behind.id,
            description="to the machine",
            **between,
            opts=self.inside(),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from",
            security_group_id=behind.id,
            referenced_security_group_id=front.id,
            description="from the public name",
            **between,
            opts=self.inside(),
        )
        return front

    def _behind(self, decided: access.Public, network: Network, machine: aws.ec2.Instance) -> aws.lb.TargetGroup:
        targets = aws.lb.TargetGroup(
            decided.mark.name,
            name=decided.name,
            port=decided.port,
            protocol="HTTP",
            vpc_id=network.vpc.id,
            target_type="instance",
            health_check={"path": "/", "matcher": "200-399", "interval": 10, "timeout": 5, "healthy_threshold": 2},
            tags=decided.mark.tags,
            opts=self.inside(),
        )
        aws.lb.TargetGroupAttachment(
            decided.mark.name,
            target_group_arn=targets.arn,
            target_id=machine.id,
            port=decided.port,
            opts=self.inside(),
        )
        return targets

    def _listen(self, decided: access.Public, targets: aws.lb.TargetGroup) -> None:
        name = decided.mark.name
        aws.lb.Listener(
            f"{name}-443",
            load_balancer_arn=self.balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=_CIPHERS,
            certificate_arn=decided.certificate,
            default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
            tags=decided.mark.tags,
            opts=self.inside(),
        )
        to_https = {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}
        aws.lb.Listener(
            f"{name}-80",
            load_balancer_arn=self.balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[{"type": "redirect", "redirect": to_https}],
            tags=decided.mark.tags,
            opts=self.inside(),
        )


class Vpn(Part):
    """A client VPN; to the machines its users come from the subnet that it is joined to."""

    def __init__(self, decided: access.Vpn, network: Network, provider: pulumi.ProviderResource) -> None:
        super().__init__(decided.mark.name, provider)
        endpoint = self._endpoint(decided, network, self._group(decided, network))
        if decided.joined:
            self._join(decided, endpoint, network.subnets["a"])
        self.address = endpoint.dns_name
        self.register_outputs({"address": self.address})

    def _group(self, decided: access.Vpn, network: Network) -> aws.ec2.SecurityGroup:
        name, tags = decided.mark.name, decided.mark.tags
        group = aws.ec2.SecurityGroup(
            name, vpc_id=network.vpc.id, description="Users, by VPN", tags=tags, opts=self.inside()
        )
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=group.id,
            ip_protocol="-1",
            cidr_ipv4=decided.network,
            description="to the site",
            tags=tags,
            opts=self.inside(),
        )
        return group

    def _endpoint(
        self, decided: access.Vpn, network: Network, group: aws.ec2.SecurityGroup
    ) -> aws.ec2clientvpn.Endpoint:
        who = {"type": "certificate-authentication", "root_certificate_chain_arn": decided.certificate}
        return aws.ec2clientvpn.Endpoint(
            decided.mark.name,
            description="Users of the standby site",
            client_cidr_block=decided.clients,
            server_certificate_arn=decided.certificate,
            authentication_options=[who],
            connection_log_options={"enabled": False},
            split_tunnel=True,
            vpc_id=network.vpc.id,
            security_group_ids=[group.id],
            tags=decided.mark.tags,
            opts=self.inside(),
        )

    def _join(self, decided: access.Vpn, endpoint: aws.ec2clientvpn.Endpoint, subnet: aws.ec2.Subnet) -> None:
        name = decided.mark.name
        joined = aws.ec2clientvpn.NetworkAssociation(
            name, client_vpn_endpoint_id=endpoint.id, subnet_id=subnet.id, opts=self.inside()
        )
        aws.ec2clientvpn.AuthorizationRule(
            name,
            client_vpn_endpoint_id=endpoint.id,
            target_network_cidr=decided.network,
            authorize_all_groups=True,
            opts=self.inside(depends_on=[joined]),
        )
