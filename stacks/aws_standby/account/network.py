# SPDX-License-Identifier: Apache-2.0
"""What of ours is in EC2, its network and its load balancers, asked service by service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from account.access import client, pages
from account.things import POLICY, Thing, tags

# Operation, key of its list, kind, key of the identity; all of them take a filter by tag.
PLAIN: tuple[tuple[str, str, str, str], ...] = (
    ("describe_vpcs", "Vpcs", "network", "VpcId"),
    ("describe_subnets", "Subnets", "subnet", "SubnetId"),
    ("describe_internet_gateways", "InternetGateways", "gateway", "InternetGatewayId"),
    ("describe_route_tables", "RouteTables", "route-table", "RouteTableId"),
    ("describe_security_groups", "SecurityGroups", "firewall", "GroupId"),
    ("describe_addresses", "Addresses", "address", "AllocationId"),
    ("describe_network_interfaces", "NetworkInterfaces", "interface", "NetworkInterfaceId"),
)
ENDING = "shutting-down"
DEAD = frozenset({"terminated", ENDING})
# Clouds that only look like one do not have these; what they lack cannot be there.
ABSENT = frozenset({"NotImplemented", "InvalidAction", "UnknownOperation", "NotYetImplemented"})


def _mine(policy: str) -> list[dict[str, Any]]:
    return [{"Name": f"tag:{POLICY}", "Values": [policy]}]


def plain(policy: str, region: str) -> Iterator[Thing]:
    """Parts of the network."""
    for operation, key, kind, identity in PLAIN:
        for entry in pages("ec2", region, operation, key, Filters=_mine(policy)):
            yield Thing(kind, entry[identity], tags(entry.get("Tags") or entry.get("TagSet")))


def instances(policy: str, region: str) -> Iterator[Thing]:
    """Instances that are not gone, those that are being ended among them."""
    for reservation in pages("ec2", region, "describe_instances", "Reservations", Filters=_mine(policy)):
        for entry in reservation["Instances"]:
            state = entry["State"]["Name"]
            if state != "terminated":
                detail = {"type": entry["InstanceType"], "state": state, "private": entry.get("PrivateIpAddress")}
                yield Thing("instance", entry["InstanceId"], tags(entry.get("Tags")), detail)


def volumes(policy: str, region: str) -> Iterator[Thing]:
    """Disks, and pictures of disks."""
    for entry in pages("ec2", region, "describe_volumes", "Volumes", Filters=_mine(policy)):
        detail = {"size_gib": entry["Size"], "state": entry["State"]}
        yield Thing("volume", entry["VolumeId"], tags(entry.get("Tags")), detail)
    for entry in pages("ec2", region, "describe_snapshots", "Snapshots", Filters=_mine(policy), OwnerIds=["self"]):
        yield Thing("snapshot", entry["SnapshotId"], tags(entry.get("Tags")), {"size_gib": entry["VolumeSize"]})


def endpoints(ids: list[str], region: str) -> Iterator[Thing]:
    """Client VPN endpoints that the index of tags names and that are not gone: the index goes on naming those."""
    for entry in client("ec2", region).describe_client_vpn_endpoints(ClientVpnEndpointIds=ids)["ClientVpnEndpoints"]:
        if entry["Status"]["Code"] not in ("deleted", "deleting"):
            yield Thing("vpn-endpoint", entry["ClientVpnEndpointId"], tags(entry.get("Tags")))


def balancers(policy: str, region: str) -> Iterator[Thing]:
    """Load balancers and what they lead to."""
    listed = [
        (entry["LoadBalancerArn"], "load-balancer")
        for entry in pages("elbv2", region, "describe_load_balancers", "LoadBalancers")
    ]
    listed += [
        (entry["TargetGroupArn"], "target-group")
        for entry in pages("elbv2", region, "describe_target_groups", "TargetGroups")
    ]
    kinds = dict(listed)
    for start in range(0, len(listed), 20):
        arns = [arn for arn, _kind in listed[start : start + 20]]
        for entry in client("elbv2", region).describe_tags(ResourceArns=arns)["TagDescriptions"]:
            found = tags(entry["Tags"])
            if found.get(POLICY) == policy:
                yield Thing(kinds[entry["ResourceArn"]], entry["ResourceArn"], found)


LISTERS: dict[str, Callable[[str, str], Iterator[Thing]]] = {
    "ec2 instances": instances,
    "ec2 volumes": volumes,
    "ec2 network": plain,
    "load balancers": balancers,
}
