# SPDX-License-Identifier: Apache-2.0
"""The request that starts an instance."""

from __future__ import annotations

import base64
from typing import Any

from bascule_double.session import Session, only
from bascule_double.types.ec2 import tag_words
from bascule_double.values import Properties, without_none

METADATA = {
    "httpEndpoint": "HttpEndpoint",
    "httpTokens": "HttpTokens",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "instanceMetadataTags": "InstanceMetadataTags",
}
DISK = {
    "deleteOnTermination": "DeleteOnTermination",
    "encrypted": "Encrypted",
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "throughput": "Throughput",
    "volumeSize": "VolumeSize",
    "volumeType": "VolumeType",
}


def user_data_of(new: Properties) -> str:
    """The user data as a text."""
    if new.get("userDataBase64"):
        return base64.b64decode(new["userDataBase64"]).decode(errors="replace")
    return str(new.get("userData") or "")


def launch_words(session: Session, new: Properties, user_data: str) -> dict[str, Any]:
    """The request that starts an instance."""
    network = without_none(
        SubnetId=new.get("subnetId"),
        PrivateIpAddress=new.get("privateIp"),
        Groups=new.get("vpcSecurityGroupIds"),
        AssociatePublicIpAddress=new.get("associatePublicIpAddress"),
    )
    profile = new.get("iamInstanceProfile")
    metadata = {
        word: value
        for key, word in METADATA.items()
        if (value := (new.get("metadataOptions") or {}).get(key)) is not None
    }
    words = without_none(
        ImageId=new["ami"],
        InstanceType=new["instanceType"],
        KeyName=new.get("keyName"),
        UserData=user_data or None,
        IamInstanceProfile={"Name": profile} if profile else None,
        NetworkInterfaces=[{"DeviceIndex": 0, "DeleteOnTermination": True, **network}]
        if network.get("SubnetId")
        else None,
        MetadataOptions=metadata or None,
        DisableApiTermination=new.get("disableApiTermination"),
        InstanceInitiatedShutdownBehavior=new.get("instanceInitiatedShutdownBehavior"),
        Monitoring={"Enabled": new["monitoring"]} if "monitoring" in new else None,
    )
    if new.get("availabilityZone"):
        words["Placement"] = {"AvailabilityZone": new["availabilityZone"]}
    if disk := {
        word: value for key, word in DISK.items() if (value := (new.get("rootBlockDevice") or {}).get(key)) is not None
    }:
        images = session.client("ec2").describe_images(ImageIds=[new["ami"]])["Images"]
        device = only(images, f"The image {new['ami']}").get("RootDeviceName") or "/dev/xvda"
        words["BlockDeviceMappings"] = [{"DeviceName": device, "Ebs": disk}]
    return words | tag_words(session, "instance", new)
