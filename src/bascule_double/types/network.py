# SPDX-License-Identifier: Apache-2.0
"""A network of its own in AWS: Vpc, Subnet, InternetGateway."""

from __future__ import annotations

from bascule_double import fits
from bascule_double.rules import TAGS, Type, flag, needed, text
from bascule_double.session import Session
from bascule_double.types.ec2 import arn, one, retag, tag_words, tags_of
from bascule_double.values import Properties, without_none

# AWS takes ranges of these sizes for a network and a part of it (Amazon VPC User Guide, VPC CIDR blocks, subnet sizing)
RANGE = fits.sized_network(16, 28)


def vpc_create(session: Session, new: Properties) -> str:
    ec2 = session.client("ec2")
    words = without_none(CidrBlock=new.get("cidrBlock"), InstanceTenancy=new.get("instanceTenancy"))
    id_ = str(ec2.create_vpc(**words, **tag_words(session, "vpc", new))["Vpc"]["VpcId"])
    vpc_switches(session, id_, {}, new)
    return id_


def vpc_switches(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """Set what cannot be given when the network is made. AWS changes one in each request."""
    for key, word in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
        if new.get(key) is not None and new.get(key) != old.get(key):
            session.client("ec2").modify_vpc_attribute(VpcId=id_, **{word: {"Value": new[key]}})


def vpc_read(session: Session, id_: str, state: Properties) -> Properties:
    ec2, found = session.client("ec2"), one(session, "vpc", id_)

    def asked(word: str) -> bool:
        answer = ec2.describe_vpc_attribute(VpcId=id_, Attribute=f"{word[0].lower()}{word[1:]}")
        return bool(answer[word]["Value"])

    groups = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [id_]}, {"Name": "group-name", "Values": ["default"]}]
    )
    tables = ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [id_]}, {"Name": "association.main", "Values": ["true"]}]
    )
    main = next((table["RouteTableId"] for table in tables["RouteTables"]), "")
    return {
        "arn": arn(session, "vpc", id_),
        "cidrBlock": found["CidrBlock"],
        "instanceTenancy": found.get("InstanceTenancy", "default"),
        "enableDnsSupport": asked("EnableDnsSupport"),
        "enableDnsHostnames": asked("EnableDnsHostnames"),
        "defaultSecurityGroupId": next((group["GroupId"] for group in groups["SecurityGroups"]), ""),
        "mainRouteTableId": main,
        "defaultRouteTableId": main,
        "ownerId": session.account,
        **tags_of(found),
    }


def vpc_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    vpc_switches(session, id_, old, new)
    retag(session, id_, old, new)


def vpc_delete(session: Session, id_: str, state: Properties) -> None:
    session.client("ec2").delete_vpc(VpcId=id_)


def subnet_create(session: Session, new: Properties) -> str:
    ec2 = session.client("ec2")
    words = without_none(
        VpcId=new["vpcId"], CidrBlock=new.get("cidrBlock"), AvailabilityZone=new.get("availabilityZone")
    )
    id_ = str(ec2.create_subnet(**words, **tag_words(session, "subnet", new))["Subnet"]["SubnetId"])
    if new.get("mapPublicIpOnLaunch"):
        ec2.modify_subnet_attribute(SubnetId=id_, MapPublicIpOnLaunch={"Value": True})
    return id_


def subnet_read(session: Session, id_: str, state: Properties) -> Properties:
    found = one(session, "subnet", id_)
    return {
        "arn": arn(session, "subnet", id_),
        "vpcId": found["VpcId"],
        "cidrBlock": found["CidrBlock"],
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found.get("AvailabilityZoneId", ""),
        "mapPublicIpOnLaunch": bool(found.get("MapPublicIpOnLaunch")),
        "ownerId": session.account,
        **tags_of(found),
    }


def subnet_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    if bool(old.get("mapPublicIpOnLaunch")) != bool(new.get("mapPublicIpOnLaunch")):
        value = {"Value": bool(new.get("mapPublicIpOnLaunch"))}
        session.client("ec2").modify_subnet_attribute(SubnetId=id_, MapPublicIpOnLaunch=value)
    retag(session, id_, old, new)


def subnet_delete(session: Session, id_: str, state: Properties) -> None:
    session.client("ec2").delete_subnet(SubnetId=id_)


def gateway_create(session: Session, new: Properties) -> str:
    ec2 = session.client("ec2")
    answer = ec2.create_internet_gateway(**tag_words(session, "internet-gateway", new))
    id_ = str(answer["InternetGateway"]["InternetGatewayId"])
    if new.get("vpcId"):
        ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=new["vpcId"])
    return id_


def gateway_read(session: Session, id_: str, state: Properties) -> Properties:
    found = one(session, "internet-gateway", id_)
    attached = next((entry["VpcId"] for entry in found.get("Attachments", [])), "")
    return {
        "arn": arn(session, "internet-gateway", id_),
        "vpcId": attached,
        "ownerId": session.account,
        **tags_of(found),
    }


def gateway_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    ec2 = session.client("ec2")
    if old.get("vpcId") != new.get("vpcId"):
        if old.get("vpcId"):
            ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=old["vpcId"])
        if new.get("vpcId"):
            ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=new["vpcId"])
    retag(session, id_, old, new)


def gateway_delete(session: Session, id_: str, state: Properties) -> None:
    ec2 = session.client("ec2")
    for entry in one(session, "internet-gateway", id_).get("Attachments", []):
        ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=entry["VpcId"])
    ec2.delete_internet_gateway(InternetGatewayId=id_)


def vpc_together(inputs: Properties) -> list[tuple[str, str]]:
    if inputs.get("cidrBlock") is None:
        return [("cidrBlock", "ec2.Vpc needs 'cidrBlock'; ranges that IPAM gives are not known to the double")]
    return []


TYPES = (
    Type(
        "aws:ec2/vpc:Vpc",
        {
            "cidrBlock": text(
                "IPv4 CIDR block for the VPC", "upstream ec2/vpc_.go: cidr_block: ForceNew", fits=RANGE, replaces=True
            ),
            "enableDnsHostnames": flag(default=False),
            "enableDnsSupport": flag(default=True),
            "instanceTenancy": text(
                "The only other option is `dedicated`",
                "upstream ec2/vpc_.go: instance_tenancy: ForceNew",
                choices=("default", "dedicated"),
                default="default",
                replaces=True,
            ),
            "tags": TAGS,
        },
        ("arn", "defaultRouteTableId", "defaultSecurityGroupId", "mainRouteTableId", "ownerId"),
        vpc_create,
        vpc_read,
        vpc_delete,
        vpc_update,
        together=vpc_together,
    ),
    Type(
        "aws:ec2/subnet:Subnet",
        {
            "vpcId": needed(text("upstream ec2/vpc_subnet.go: vpc_id: ForceNew", replaces=True)),
            "cidrBlock": needed(
                text(
                    "The IPv4 CIDR block for the subnet",
                    "upstream ec2/vpc_subnet.go: cidr_block: ForceNew",
                    fits=RANGE,
                    replaces=True,
                )
            ),
            "availabilityZone": text(
                "upstream ec2/vpc_subnet.go: availability_zone: ForceNew", replaces=True, chosen=True
            ),
            "mapPublicIpOnLaunch": flag(default=False),
            "tags": TAGS,
        },
        ("arn", "availabilityZone", "availabilityZoneId", "ownerId"),
        subnet_create,
        subnet_read,
        subnet_delete,
        subnet_update,
    ),
    Type(
        "aws:ec2/internetGateway:InternetGateway",
        {"vpcId": text(chosen=True), "tags": TAGS},
        ("arn", "ownerId"),
        gateway_create,
        gateway_read,
        gateway_delete,
        gateway_update,
    ),
)
