# SPDX-License-Identifier: Apache-2.0
"""What is built says whose it is: teardown and sweep find things by their tags alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

INSTANCE = "aws:ec2/instance:Instance"
# Types that bear tags, of those that a standby site is built of.
BEARERS = frozenset(
    {
        "aws:budgets/budget:Budget",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:ebs/volume:Volume",
        "aws:ec2/eip:Eip",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2clientvpn/endpoint:Endpoint",
        "aws:iam/instanceProfile:InstanceProfile",
        "aws:iam/role:Role",
        "aws:iam/user:User",
        "aws:kms/key:Key",
        "aws:lb/listener:Listener",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:lb/targetGroup:TargetGroup",
        "aws:route53/healthCheck:HealthCheck",
        "aws:route53/zone:Zone",
        "aws:s3/bucket:Bucket",
        "aws:sns/topic:Topic",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        INSTANCE,
    }
)
WANTED = ("bascule:policy", "bascule:plan", "bascule:phase")


def missing(kind: str, props: Mapping[str, Any], _plan: Mapping[str, Any] | None) -> Iterable[str]:
    """Yield each tag that is not there."""
    if kind not in BEARERS:
        return
    found = props.get("tags") or {}
    wanted = [*WANTED, *(["bascule:machine"] if kind == INSTANCE else [])]
    if found.get("bascule:drill"):
        wanted.append("bascule:expires")
    for name in wanted:
        if not found.get(name):
            yield f"the tag {name} is missing: nobody would know whose this is; add it"
