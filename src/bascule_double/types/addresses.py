# SPDX-License-Identifier: Apache-2.0
"""Public addresses: Eip, EipAssociation.

Where machines are behind instances, an address that is tagged with a machine's name is the one that the machine has.
"""

from __future__ import annotations

from typing import Any

from bascule_double import fits
from bascule_double.rules import TAGS, Type, flag, text
from bascule_double.session import Session, only
from bascule_double.types.ec2 import arn, one, retag, tag_words, tags_of
from bascule_double.values import Properties, without_none

EIP = "upstream ec2/ec2_eip.go"
ASSOCIATION = "upstream ec2/ec2_eip_association.go"
# The tag that names the machine of the plan that something belongs to.
MACHINE_TAG = "bascule:machine"


def eip_create(session: Session, new: Properties) -> str:
    words: dict[str, Any] = {"Domain": new.get("domain", "vpc"), **tag_words(session, "elastic-ip", new)}
    name = session.tags(new).get(MACHINE_TAG)
    if session.machines and name and (public := session.machines.public_address(name)):
        words["Address"] = public
    id_ = str(session.client("ec2").allocate_address(**words)["AllocationId"])
    associate(session, id_, new)
    return id_


def associate(session: Session, id_: str, new: Properties) -> None:
    """Give the address to the instance or the interface that its own inputs name, if they do."""
    target = without_none(
        InstanceId=new.get("instance"),
        NetworkInterfaceId=new.get("networkInterface"),
        PrivateIpAddress=new.get("associateWithPrivateIp"),
    )
    if target:
        session.client("ec2").associate_address(AllocationId=id_, **target)


def eip_read(session: Session, id_: str, state: Properties) -> Properties:
    found = one(session, "elastic-ip", id_)
    return {
        "arn": arn(session, "elastic-ip", id_),
        "allocationId": id_,
        "associationId": found.get("AssociationId", ""),
        "domain": found.get("Domain", "vpc"),
        "instance": found.get("InstanceId", ""),
        "networkInterface": found.get("NetworkInterfaceId", ""),
        "privateIp": found.get("PrivateIpAddress", ""),
        "publicIp": found["PublicIp"],
        "publicDns": f"ec2-{found['PublicIp'].replace('.', '-')}.{session.region}.compute.amazonaws.com",
        **tags_of(found),
    }


def eip_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    keys = ("instance", "networkInterface", "associateWithPrivateIp")
    if [old.get(key) or None for key in keys] != [new.get(key) or None for key in keys]:
        detach(session, one(session, "elastic-ip", id_))
        associate(session, id_, new)
    retag(session, id_, old, new)


def detach(session: Session, found: Any) -> None:
    """Take an address off what it is associated with."""
    if found.get("AssociationId"):
        session.client("ec2").disassociate_address(AssociationId=found["AssociationId"])


def eip_delete(session: Session, id_: str, state: Properties) -> None:
    found = one(session, "elastic-ip", id_)
    if state.get("instance") or state.get("networkInterface"):
        detach(session, found)
    session.client("ec2").release_address(AllocationId=id_)


def association_create(session: Session, new: Properties) -> str:
    words = without_none(
        AllocationId=new.get("allocationId"),
        InstanceId=new.get("instanceId"),
        NetworkInterfaceId=new.get("networkInterfaceId"),
        PrivateIpAddress=new.get("privateIpAddress"),
        AllowReassociation=new.get("allowReassociation", True),
    )
    return str(session.client("ec2").associate_address(**words)["AssociationId"])


def association_of(session: Session, id_: str) -> Any:
    """The address that an association gives away. Raises Missing."""
    wanted = [{"Name": "association-id", "Values": [id_]}]
    return only(session.client("ec2").describe_addresses(Filters=wanted)["Addresses"], f"The association {id_}")


def association_read(session: Session, id_: str, state: Properties) -> Properties:
    found = association_of(session, id_)
    return {
        "allocationId": found["AllocationId"],
        "instanceId": found.get("InstanceId", ""),
        "networkInterfaceId": found.get("NetworkInterfaceId", ""),
        "privateIpAddress": found.get("PrivateIpAddress", ""),
        "publicIp": found["PublicIp"],
    }


def association_delete(session: Session, id_: str, state: Properties) -> None:
    association_of(session, id_)
    session.client("ec2").disassociate_address(AssociationId=id_)


def association_together(inputs: Properties) -> list[tuple[str, str]]:
    found = []
    if inputs.get("allocationId") is None:
        found.append(("allocationId", "ec2.EipAssociation needs 'allocationId'"))
    if len([key for key in ("instanceId", "networkInterfaceId") if inputs.get(key) is not None]) != 1:
        found.append(("instanceId", "either the instance ID or the network interface ID is given, but not both"))
    return found


def forced(property_: str) -> str:
    """Where it says that a change of a property of an association makes a new one."""
    return f"{ASSOCIATION}: {property_}: ForceNew"


TYPES = (
    Type(
        "aws:ec2/eip:Eip",
        {
            "domain": text(
                f"{EIP}: domain: ForceNew",
                f"{EIP}: domain: ValidateFunc",
                choices=("vpc", "standard"),
                replaces=True,
                chosen=True,
            ),
            "instance": text(),
            "networkInterface": text(),
            "associateWithPrivateIp": text("private IP address to associate", fits=fits.address),
            "tags": TAGS,
        },
        ("allocationId", "arn", "associationId", "privateIp", "publicDns", "publicIp"),
        eip_create,
        eip_read,
        eip_delete,
        eip_update,
        volatile=dict.fromkeys(
            ("associationId", "privateIp"), ("instance", "networkInterface", "associateWithPrivateIp")
        ),
    ),
    Type(
        "aws:ec2/eipAssociation:EipAssociation",
        {
            "allocationId": text(forced("allocation_id"), replaces=True),
            "allowReassociation": flag(forced("allow_reassociation"), replaces=True, chosen=True),
            "instanceId": text(forced("instance_id"), replaces=True, chosen=True),
            "networkInterfaceId": text(forced("network_interface_id"), replaces=True, chosen=True),
            "privateIpAddress": text(forced("private_ip_address"), fits=fits.address, replaces=True, chosen=True),
        },
        ("publicIp", "networkInterfaceId", "privateIpAddress"),
        association_create,
        association_read,
        association_delete,
        together=association_together,
        says=(
            "You can specify either the instance ID or the network interface ID, but not both",
            "This argument is required despite being optional at the resource level",
        ),
    ),
)
