# SPDX-License-Identifier: Apache-2.0
"""Parts that carry no tag, or that would clash with themselves: undone by what they were to be made with.

Each way takes the inputs that the engine had written down before it was cut off, all of them known by then. A part that
is not there after all is nothing to undo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from automation.trouble import short

from account.access import FAILS, client, code, pages

Inputs = Mapping[str, Any]
NOT_THERE = ("NotFound", "NoSuch", "InvalidChangeBatch", "IncorrectState", "InvalidAssociation")


def undo(type_: str, inputs: Inputs, region: str) -> str:
    """Undo a part of this type of the engine; return why it could not be, empty when it is not there any more."""
    how = WAYS.get(type_)
    if how is None:
        return ""
    try:
        how(inputs, region)
    except FAILS as error:
        return "" if any(word in code(error) for word in NOT_THERE) else short(str(error))
    except KeyError:
        # Made with something that was itself unknown: it was never begun.
        return ""
    return ""


def _route(inputs: Inputs, region: str) -> None:
    client("ec2", region).delete_route(
        RouteTableId=inputs["routeTableId"], DestinationCidrBlock=inputs["destinationCidrBlock"]
    )


def _table_use(inputs: Inputs, region: str) -> None:
    asked = client("ec2", region)
    for entry in asked.describe_route_tables(RouteTableIds=[inputs["routeTableId"]])["RouteTables"]:
        for use in entry.get("Associations") or ():
            if use.get("SubnetId") == inputs["subnetId"]:
                asked.disassociate_route_table(AssociationId=use["RouteTableAssociationId"])


def _rule(egress: bool) -> Callable[[Inputs, str], None]:
    def go(inputs: Inputs, region: str) -> None:
        asked, group = client("ec2", region), inputs["securityGroupId"]
        listed = pages(
            "ec2",
            region,
            "describe_security_group_rules",
            "SecurityGroupRules",
            Filters=[{"Name": "group-id", "Values": [group]}],
        )
        same = [rule["SecurityGroupRuleId"] for rule in listed if rule["IsEgress"] == egress and _alike(rule, inputs)]
        revoke = asked.revoke_security_group_egress if egress else asked.revoke_security_group_ingress
        if same:
            revoke(GroupId=group, SecurityGroupRuleIds=same)

    return go


def _alike(rule: Inputs, inputs: Inputs) -> bool:
    """Whether a rule of a firewall lets the same through; a port that is not given is -1."""
    ports = [int(inputs.get(key, -1)) for key in ("fromPort", "toPort")]
    other = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    return (
        str(rule.get("IpProtocol")) == str(inputs["ipProtocol"])
        and [int(rule.get(key, -1)) for key in ("FromPort", "ToPort")] == ports
        and (rule.get("CidrIpv4"), other) == (inputs.get("cidrIpv4"), inputs.get("referencedSecurityGroupId"))
    )


def _disk_use(inputs: Inputs, region: str) -> None:
    client("ec2", region).detach_volume(VolumeId=inputs["volumeId"], InstanceId=inputs["instanceId"])


def _address_use(inputs: Inputs, region: str) -> None:
    asked = client("ec2", region)
    for entry in asked.describe_addresses(AllocationIds=[inputs["allocationId"]])["Addresses"]:
        if entry.get("AssociationId"):
            asked.disassociate_address(AssociationId=entry["AssociationId"])


def _alias(inputs: Inputs, region: str) -> None:
    client("kms", region).delete_alias(AliasName=inputs["name"])


def _record(inputs: Inputs, region: str) -> None:
    asked, name = client("route53", region), str(inputs["name"]).rstrip(".") + "."
    listed = pages("route53", region, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=inputs["zoneId"])
    for entry in listed:
        if (entry["Name"], entry["Type"]) == (name, inputs["type"]):
            change = {"Changes": [{"Action": "DELETE", "ResourceRecordSet": entry}]}
            asked.change_resource_record_sets(HostedZoneId=inputs["zoneId"], ChangeBatch=change)


WAYS: dict[str, Callable[[Inputs, str], None]] = {
    "aws:ec2/route:Route": _route,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _table_use,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule(egress=False),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule(egress=True),
    "aws:ec2/volumeAttachment:VolumeAttachment": _disk_use,
    "aws:ec2/eipAssociation:EipAssociation": _address_use,
    "aws:kms/alias:Alias": _alias,
    "aws:route53/record:Record": _record,
}
