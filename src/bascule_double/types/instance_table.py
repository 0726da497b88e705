# SPDX-License-Identifier: Apache-2.0
"""What an Instance takes, and what a change of it does."""

from __future__ import annotations

from bascule_double import fits
from bascule_double.rules import TAGS, Type, block, flag, many, table, text, whole
from bascule_double.types import instances
from bascule_double.types.disks import VOLUME_TYPES
from bascule_double.values import Properties

PLACE = "upstream ec2/ec2_instance.go"
ENABLED = ("enabled", "disabled")
VALID = "Valid values include `enabled` or `disabled`"


def forced(property_: str) -> str:
    """Where it says that a change of a property makes a new instance."""
    return f"{PLACE}: {property_}: ForceNew"


ROOT_DISK = block(
    {
        "deleteOnTermination": flag(default=True),
        "encrypted": flag(chosen=True),
        "iops": whole(chosen=True),
        "kmsKeyId": text(chosen=True),
        "tags": table(),
        "throughput": whole(chosen=True),
        "volumeSize": whole("Size of the volume in gibibytes (GiB)", least=1, most=65536, chosen=True),
        "volumeType": text(
            "`standard`, `gp2`, `gp3`, `io1`, `io2`, `sc1`, or `st1`", choices=VOLUME_TYPES, chosen=True
        ),
    },
    chosen=True,
)
METADATA = block(
    {
        "httpEndpoint": text(VALID, choices=ENABLED, chosen=True),
        "httpTokens": text(
            "Valid values include `optional` or `required`", choices=("optional", "required"), chosen=True
        ),
        "httpPutResponseHopLimit": whole("Valid values are integer from `1` to `64`", least=1, most=64, chosen=True),
        "instanceMetadataTags": text(VALID, choices=ENABLED, chosen=True),
    },
    chosen=True,
)
INPUTS = {
    "ami": text(forced("ami"), replaces=True),
    "associatePublicIpAddress": flag(forced("associate_public_ip_address"), replaces=True, chosen=True),
    "availabilityZone": text(forced("availability_zone"), replaces=True, chosen=True),
    "disableApiTermination": flag(chosen=True),
    "forceDestroy": flag(default=False),
    "iamInstanceProfile": text(),
    "instanceInitiatedShutdownBehavior": text(chosen=True),
    "instanceType": text(),
    "keyName": text(forced("key_name"), replaces=True, chosen=True),
    "metadataOptions": METADATA,
    "monitoring": flag(),
    "privateIp": text(
        "Private IP address to associate with the instance",
        forced("private_ip"),
        fits=fits.address,
        replaces=True,
        chosen=True,
    ),
    "rootBlockDevice": ROOT_DISK,
    "sourceDestCheck": flag(default=True),
    "subnetId": text(forced("subnet_id"), replaces=True, chosen=True),
    "tags": TAGS,
    "userData": text(chosen=True),
    "userDataBase64": text(chosen=True),
    "userDataReplaceOnChange": flag(default=False),
    "volumeTags": table(),
    "vpcSecurityGroupIds": many(text(), unordered=True, chosen=True),
}


def together(inputs: Properties) -> list[tuple[str, str]]:
    found = [
        (key, f"ec2.Instance needs {key!r}; launch templates are not known to the double")
        for key in ("ami", "instanceType")
        if inputs.get(key) is None
    ]
    if inputs.get("userData") is not None and inputs.get("userDataBase64") is not None:
        found.append(("userData", "userData conflicts with userDataBase64"))
    if inputs.get("volumeTags") is not None and (inputs.get("rootBlockDevice") or {}).get("tags") is not None:
        found.append(("volumeTags", "volumeTags conflicts with the tags of rootBlockDevice"))
    return found


def forces(old: Properties, new: Properties) -> list[str]:
    """Changes that make a new instance only sometimes."""
    found = []
    if new.get("userDataReplaceOnChange"):
        found += ["userData", "userDataBase64"]
    before, after = old.get("rootBlockDevice") or {}, new.get("rootBlockDevice") or {}
    sealed = ("encrypted", "kmsKeyId")
    if any(key in after and after[key] != before.get(key) for key in sealed):
        found.append("rootBlockDevice")
    return found


TYPES = (
    Type(
        "aws:ec2/instance:Instance",
        INPUTS,
        (
            "arn", "availabilityZone", "instanceState", "primaryNetworkInterfaceId", "privateDns", "privateIp",
            "publicDns", "publicIp", "subnetId", "vpcSecurityGroupIds", "keyName", "rootBlockDevice", "metadataOptions",
        ),
        instances.create,
        instances.read,
        instances.delete,
        instances.update,
        together=together,
        forces=forces,
        volatile=dict.fromkeys(("publicDns", "publicIp"), ("instanceType", "userData", "userDataBase64")),
        says=(
            "Updates to this field will trigger a stop/start of the EC2 instance by default",
            "If the `user_data_replace_on_change` is set then updates to this field will trigger a destroy",
            "Modifying the `encrypted` or `kms_key_id` settings of the `root_block_device` requires",
        ),
    ),
)  # fmt: skip
