# SPDX-License-Identifier: Apache-2.0
"""What all types of the service EC2 share: tags, ARNs, and the filter that finds one thing."""

from __future__ import annotations

from typing import Any

from bascule_double.session import Session, named_tags, only
from bascule_double.values import Properties

# Ends of requests that find one thing by its id: operation, and the list in its answer.
ONE = {
    "vpc": ("describe_vpcs", "VpcIds", "Vpcs"),
    "subnet": ("describe_subnets", "SubnetIds", "Subnets"),
    "internet-gateway": ("describe_internet_gateways", "InternetGatewayIds", "InternetGateways"),
    "route-table": ("describe_route_tables", "RouteTableIds", "RouteTables"),
    "security-group": ("describe_security_groups", "GroupIds", "SecurityGroups"),
    "security-group-rule": ("describe_security_group_rules", "SecurityGroupRuleIds", "SecurityGroupRules"),
    "elastic-ip": ("describe_addresses", "AllocationIds", "Addresses"),
    "volume": ("describe_volumes", "VolumeIds", "Volumes"),
    "key-pair": ("describe_key_pairs", "KeyNames", "KeyPairs"),
    "network-interface": ("describe_network_interfaces", "NetworkInterfaceIds", "NetworkInterfaces"),
}


def one(session: Session, kind: str, id_: str) -> Any:
    """The description of one thing. Raises Missing, or AWS's own error, when it is not there."""
    operation, key, answer = ONE[kind]
    return only(getattr(session.client("ec2"), operation)(**{key: [id_]})[answer], f"{kind} {id_}")


def tag_words(session: Session, kind: str, properties: Properties) -> dict[str, Any]:
    """Keyword arguments that tag what is being made."""
    tags = session.tag_list(properties)
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def retag(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """Make the tags of a thing those of its new properties."""
    before, after = old.get("tagsAll") or {}, session.tags(new)
    ec2 = session.client("ec2")
    if gone := sorted(set(before) - set(after)):
        ec2.delete_tags(Resources=[id_], Tags=[{"Key": key} for key in gone])
    if changed := {key: value for key, value in after.items() if before.get(key) != value}:
        ec2.create_tags(Resources=[id_], Tags=[{"Key": key, "Value": value} for key, value in changed.items()])


def tags_of(described: Any) -> Properties:
    """The tags in a description, as outputs."""
    tags = named_tags(described.get("Tags"))
    return {"tags": tags, "tagsAll": tags}


def arn(session: Session, kind: str, id_: str) -> str:
    """The ARN of a thing of EC2."""
    return f"arn:aws:ec2:{session.region}:{session.account}:{kind}/{id_}"
