# SPDX-License-Identifier: Apache-2.0
"""Instances, and the machines behind them. What is made and changed is here; the table is in `instance_table`."""

from __future__ import annotations

import time
from typing import Any

from bascule_double.errors import DoubleError, Missing
from bascule_double.session import Session, only
from bascule_double.types.addresses import MACHINE_TAG
from bascule_double.types.ec2 import arn, one, retag, tags_of
from bascule_double.types.launch import METADATA, launch_words, user_data_of
from bascule_double.types.power import start, stop, terminate
from bascule_double.values import Properties, without_none

# AWS takes so many bytes (Amazon EC2 User Guide, Run commands at launch: user data is limited to 16 KB, in raw form).
LONGEST_USER_DATA = 16384
# How long an address that is kept for a machine may come after its instance, within one update.
KEPT_S = 20.0
# What can only be changed while it does not run.
STOPPED = (("instanceType", "InstanceType"), ("userData", "UserData"))


def create(session: Session, new: Properties) -> str:
    """Start an instance, then the machine behind it; an instance without its machine is ended again."""
    ec2 = session.client("ec2")
    user_data = user_data_of(new)
    if len(user_data.encode()) > LONGEST_USER_DATA:
        raise DoubleError(f"InvalidParameterValue: User data is limited to {LONGEST_USER_DATA} bytes")
    answer = ec2.run_instances(MinCount=1, MaxCount=1, **launch_words(session, new, user_data))
    made = answer["Instances"][0]
    id_ = str(made["InstanceId"])
    try:
        after_launch(session, id_, new)
        if session.machines:
            name = machine_name(session, new)
            session.machines.create(id_, name, made["PrivateIpAddress"], is_public(session, name, new), user_data)
    except Exception:
        ec2.terminate_instances(InstanceIds=[id_])
        raise
    return id_


def after_launch(session: Session, id_: str, new: Properties) -> None:
    """What cannot be said in the request that starts it."""
    ec2 = session.client("ec2")
    if new.get("sourceDestCheck") is False:
        ec2.modify_instance_attribute(InstanceId=id_, SourceDestCheck={"Value": False})
    tags = {**session.default_tags, **((new.get("rootBlockDevice") or {}).get("tags") or new.get("volumeTags") or {})}
    if tags and (volume := root_volume(described(session, id_))):
        ec2.create_tags(Resources=[volume], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


def machine_name(session: Session, new: Properties) -> str:
    """What the machine behind it is called."""
    tags = session.tags(new)
    return tags.get(MACHINE_TAG) or tags.get("Name") or session.name


def is_public(session: Session, name: str, new: Properties) -> bool:
    """Whether the machine is to have a public address: it asks for one, or one is kept for it.

    To an instance that says it wants none of its own, one may be given in the same update. The engine makes the two
    side by side, and the machine behind must know when it is made.
    """
    if new.get("associatePublicIpAddress"):
        return True
    wanted = [{"Name": f"tag:{MACHINE_TAG}", "Values": [name]}]
    until = time.monotonic() + (KEPT_S if new.get("associatePublicIpAddress") is False else 0.0)
    while not (kept := session.client("ec2").describe_addresses(Filters=wanted)["Addresses"]):
        if time.monotonic() > until:
            break
        time.sleep(0.5)
    return bool(kept)


def described(session: Session, id_: str) -> Any:
    """The description of an instance that is not gone. Raises Missing."""
    reservations = session.client("ec2").describe_instances(InstanceIds=[id_])["Reservations"]
    found = only([entry for reservation in reservations for entry in reservation["Instances"]], f"The instance {id_}")
    if found["State"]["Name"] in ("terminated", "shutting-down"):
        raise Missing(f"The instance {id_} is gone.")
    return found


def root_device(found: Any) -> dict[str, Any]:
    """The disk that an instance starts from, as it is attached; empty when there is none."""
    devices = found.get("BlockDeviceMappings", [])
    root = [entry for entry in devices if entry["DeviceName"] == found.get("RootDeviceName")] or devices
    return dict(root[0]["Ebs"]) if root else {}


def root_volume(found: Any) -> str:
    """The id of that disk, "" when there is none."""
    return str(root_device(found).get("VolumeId", ""))


def read(session: Session, id_: str, state: Properties) -> Properties:
    """All of an instance. One whose machine was lost is gone, in moto too."""
    found = described(session, id_)
    status = found["State"]["Name"]
    if session.machines:
        status = session.machines.state(id_)
        if status == "absent":
            session.client("ec2").terminate_instances(InstanceIds=[id_])
            raise Missing(f"The machine of {id_} is gone.")
    interface: dict[str, Any] = next(iter(found.get("NetworkInterfaces", [])), {})
    return {
        "arn": arn(session, "instance", id_),
        "ami": found["ImageId"],
        "instanceType": found["InstanceType"],
        "instanceState": status,
        "availabilityZone": found["Placement"]["AvailabilityZone"],
        "subnetId": found.get("SubnetId", ""),
        "privateIp": found.get("PrivateIpAddress", ""),
        "privateDns": found.get("PrivateDnsName", ""),
        "publicIp": found.get("PublicIpAddress", ""),
        "publicDns": found.get("PublicDnsName", ""),
        "primaryNetworkInterfaceId": interface.get("NetworkInterfaceId", ""),
        "vpcSecurityGroupIds": sorted(
            group["GroupId"] for group in interface.get("Groups") or found.get("SecurityGroups", [])
        ),
        "sourceDestCheck": bool(found.get("SourceDestCheck", True)),
        "rootBlockDevice": read_disk(session, root_device(found)),
        "metadataOptions": read_metadata(found, state),
        **without_none(keyName=found.get("KeyName"), iamInstanceProfile=profile_of(found)),
        **tags_of(found),
    }


def profile_of(found: Any) -> str | None:
    """The name of the instance profile in a description."""
    described_ = found.get("IamInstanceProfile") or {}
    return str(described_["Arn"]).rpartition("/")[2] if described_.get("Arn") else None


def read_disk(session: Session, device: dict[str, Any]) -> Properties:
    """The root disk, as the block of the resource."""
    if not device:
        return {}
    volume = str(device["VolumeId"])
    found = one(session, "volume", volume)
    tags = tags_of(found)["tags"]
    return {
        "volumeId": volume,
        "deleteOnTermination": bool(device.get("DeleteOnTermination", True)),
        "volumeSize": found["Size"],
        "volumeType": found.get("VolumeType", "gp2"),
        "encrypted": bool(found.get("Encrypted")),
        **without_none(kmsKeyId=found.get("KmsKeyId"), iops=found.get("Iops"), throughput=found.get("Throughput")),
        **({"tags": tags} if tags else {}),
    }


def read_metadata(found: Any, state: Properties) -> Properties:
    """How the metadata service answers; what moto does not keep is taken as it was written."""
    here = found.get("MetadataOptions") or {}
    now = {key: here[word] for key, word in METADATA.items() if word in here}
    return {**now, **(state.get("metadataOptions") or {})}


def update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """Change an instance in its place; for some changes it is stopped and started, as the provider does."""
    ec2 = session.client("ec2")
    changed = {key for key in new if new[key] != old.get(key)}
    if resting := [(key, word) for key, word in STOPPED if key in changed]:
        stop(session, id_)
        for key, word in resting:
            ec2.modify_instance_attribute(
                InstanceId=id_, **{word: {"Value": new[key].encode() if key == "userData" else new[key]}}
            )
        start(session, id_)
    if "vpcSecurityGroupIds" in changed:
        ec2.modify_instance_attribute(InstanceId=id_, Groups=new["vpcSecurityGroupIds"])
    for key, word in (("sourceDestCheck", "SourceDestCheck"), ("disableApiTermination", "DisableApiTermination")):
        if key in changed:
            ec2.modify_instance_attribute(InstanceId=id_, **{word: {"Value": bool(new[key])}})
    if "metadataOptions" in changed:
        words = {word: new["metadataOptions"][key] for key, word in METADATA.items() if key in new["metadataOptions"]}
        ec2.modify_instance_metadata_options(InstanceId=id_, **words)
    if "iamInstanceProfile" in changed:
        change_profile(session, id_, new.get("iamInstanceProfile"))
    update_disk(session, id_, old.get("rootBlockDevice") or {}, new.get("rootBlockDevice") or {})
    retag(session, id_, old, new)


def change_profile(session: Session, id_: str, name: str | None) -> None:
    """Give an instance another profile, or none."""
    ec2 = session.client("ec2")
    wanted = [{"Name": "instance-id", "Values": [id_]}]
    for entry in ec2.describe_iam_instance_profile_associations(Filters=wanted)["IamInstanceProfileAssociations"]:
        ec2.disassociate_iam_instance_profile(AssociationId=entry["AssociationId"])
    if name:
        ec2.associate_iam_instance_profile(InstanceId=id_, IamInstanceProfile={"Name": name})


def update_disk(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """Make the root disk larger or of another kind; tag it anew."""
    ec2, volume = session.client("ec2"), root_volume(described(session, id_))
    words = (("volumeSize", "Size"), ("volumeType", "VolumeType"), ("iops", "Iops"), ("throughput", "Throughput"))
    changed = {word: new[key] for key, word in words if key in new and new[key] != old.get(key)}
    if volume and changed:
        ec2.modify_volume(VolumeId=volume, **changed)
    if volume and new.get("tags") is not None and new["tags"] != old.get("tags"):
        ec2.create_tags(Resources=[volume], Tags=[{"Key": key, "Value": value} for key, value in new["tags"].items()])


def delete(session: Session, id_: str, state: Properties) -> None:
    """End an instance; one that is protected refuses, unless it was made with forceDestroy."""
    described(session, id_)
    if state.get("disableApiTermination") and state.get("forceDestroy"):
        session.client("ec2").modify_instance_attribute(InstanceId=id_, DisableApiTermination={"Value": False})
    terminate(session, id_)
