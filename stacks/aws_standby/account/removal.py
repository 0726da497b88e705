# SPDX-License-Identifier: Apache-2.0
"""How each kind of thing goes, with what hangs on it. A thing that is refused for now is asked for again later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from automation.trouble import short

from account import taking
from account.access import FAILS, client, code, identity, pages
from account.things import Thing

# In this order; what comes later often waits for what comes earlier.
ORDER = (
    "load-balancer",
    "vpn-endpoint",
    "instance",
    "target-group",
    "address",
    "nat-gateway",
    "interface",
    "volume",
    "snapshot",
    "firewall",
    "subnet",
    "gateway",
    "route-table",
    "network",
    "alarm",
    "health-check",
    "hosted-zone",
    "record",
    "topic",
    "budget",
    "instance-profile",
    "user",
    "role",
    "bucket",
    "kms-key",
)
GONE = frozenset(
    {
        "InvalidInstanceID.NotFound",
        "InvalidVolume.NotFound",
        "InvalidAllocationID.NotFound",
        "InvalidVpcID.NotFound",
        "InvalidSubnetID.NotFound",
        "InvalidGroup.NotFound",
        "InvalidRouteTableID.NotFound",
        "NoSuchBucket",
        "NoSuchEntity",
        "InvalidInternetGatewayID.NotFound",
        "InvalidNetworkInterfaceID.NotFound",
        "NoSuchHostedZone",
        "NoSuchHealthCheck",
        "NotFound",
        "NotFoundException",
        "ResourceNotFound",
        "KMSInvalidStateException",
    }
)
# The shortest time that the service of keys allows.
KEY_DAYS = 7


def remove(thing: Thing, region: str) -> str:
    """Remove one thing; return why it could not go now, empty when it is gone or on its way."""
    how = WAYS.get(thing.kind)
    if how is None:
        return "nobody here knows how to remove this: remove it by hand"
    try:
        return how(thing, region) or ""
    except FAILS as error:
        return "" if code(error) in GONE else short(str(error))


def _ec2(operation: str, name: str) -> Callable[[Thing, str], str | None]:
    def go(thing: Thing, region: str) -> str | None:
        getattr(client("ec2", region), operation)(**{name: thing.id})
        return None

    return go


def _instance(thing: Thing, region: str) -> str | None:
    if thing.detail.get("state") != "shutting-down":
        client("ec2", region).terminate_instances(InstanceIds=[thing.id])
    return None


def _address(thing: Thing, region: str) -> str | None:
    asked = client("ec2", region)
    for entry in asked.describe_addresses(AllocationIds=[thing.id])["Addresses"]:
        if entry.get("AssociationId"):
            asked.disassociate_address(AssociationId=entry["AssociationId"])
    asked.release_address(AllocationId=thing.id)
    return None


def _firewall(thing: Thing, region: str) -> str | None:
    asked = client("ec2", region)
    rules = pages(
        "ec2",
        region,
        "describe_security_group_rules",
        "SecurityGroupRules",
        Filters=[{"Name": "group-id", "Values": [thing.id]}],
    )
    for egress, revoke in ((False, asked.revoke_security_group_ingress), (True, asked.revoke_security_group_egress)):
        ids = [rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"] == egress]
        if ids:
            revoke(GroupId=thing.id, SecurityGroupRuleIds=ids)
    asked.delete_security_group(GroupId=thing.id)
    return None


def _gateway(thing: Thing, region: str) -> str | None:
    asked = client("ec2", region)
    for entry in asked.describe_internet_gateways(InternetGatewayIds=[thing.id])["InternetGateways"]:
        for attached in entry.get("Attachments") or ():
            asked.detach_internet_gateway(InternetGatewayId=thing.id, VpcId=attached["VpcId"])
    asked.delete_internet_gateway(InternetGatewayId=thing.id)
    return None


def _route_table(thing: Thing, region: str) -> str | None:
    asked = client("ec2", region)
    for entry in asked.describe_route_tables(RouteTableIds=[thing.id])["RouteTables"]:
        for use in entry.get("Associations") or ():
            if not use.get("Main"):
                asked.disassociate_route_table(AssociationId=use["RouteTableAssociationId"])
    asked.delete_route_table(RouteTableId=thing.id)
    return None


def _vpn(thing: Thing, region: str) -> str | None:
    asked = client("ec2", region)
    for use in pages(
        "ec2", region, "describe_client_vpn_target_networks", "ClientVpnTargetNetworks", ClientVpnEndpointId=thing.id
    ):
        asked.disassociate_client_vpn_target_network(ClientVpnEndpointId=thing.id, AssociationId=use["AssociationId"])
    asked.delete_client_vpn_endpoint(ClientVpnEndpointId=thing.id)
    return None


def _key(thing: Thing, region: str) -> str | None:
    if not thing.detail.get("goes_at"):
        client("kms", region).schedule_key_deletion(KeyId=thing.id, PendingWindowInDays=KEY_DAYS)
    return None


def _call(service: str, operation: str, name: str, many: bool = False) -> Callable[[Thing, str], str | None]:
    def go(thing: Thing, region: str) -> str | None:
        getattr(client(service, region), operation)(**{name: [thing.id] if many else thing.id})
        return None

    return go


def _budget(thing: Thing, region: str) -> str | None:
    account = identity(region)["account"]
    client("budgets", region).delete_budget(AccountId=account, BudgetName=thing.id)
    return None


WAYS: dict[str, Callable[[Thing, str], Any]] = {
    "load-balancer": _call("elbv2", "delete_load_balancer", "LoadBalancerArn"),
    "target-group": _call("elbv2", "delete_target_group", "TargetGroupArn"),
    "vpn-endpoint": _vpn,
    "instance": _instance,
    "address": _address,
    "firewall": _firewall,
    "gateway": _gateway,
    "route-table": _route_table,
    "interface": _ec2("delete_network_interface", "NetworkInterfaceId"),
    "volume": _ec2("delete_volume", "VolumeId"),
    "snapshot": _ec2("delete_snapshot", "SnapshotId"),
    "subnet": _ec2("delete_subnet", "SubnetId"),
    "network": _ec2("delete_vpc", "VpcId"),
    "alarm": _call("cloudwatch", "delete_alarms", "AlarmNames", many=True),
    "health-check": _call("route53", "delete_health_check", "HealthCheckId"),
    "hosted-zone": taking.zone,
    "topic": _call("sns", "delete_topic", "TopicArn"),
    "budget": _budget,
    "instance-profile": taking.profile,
    "role": taking.role,
    "user": taking.user,
    "bucket": taking.bucket,
    "kms-key": _key,
}
