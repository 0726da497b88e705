# SPDX-License-Identifier: Apache-2.0
"""Disks of their own, and keys: ebs.Volume, VolumeAttachment, KeyPair."""

from __future__ import annotations

import zlib

from bascule_double import fits
from bascule_double.errors import DoubleError, Missing
from bascule_double.rules import TAGS, Naming, Type, flag, needed, text, whole
from bascule_double.session import Session
from bascule_double.types.ec2 import arn, one, retag, tag_words, tags_of
from bascule_double.types.power import stop
from bascule_double.values import Properties, without_none

VOLUME = "upstream ec2/ebs_volume.go"
ATTACHMENT = "upstream ec2/ebs_volume_attachment.go"
KEY = "upstream ec2/ec2_key_pair.go"
VOLUME_TYPES = ("standard", "gp2", "gp3", "io1", "io2", "sc1", "st1")


def volume_create(session: Session, new: Properties) -> str:
    words = without_none(
        AvailabilityZone=new["availabilityZone"],
        Size=new.get("size"),
        VolumeType=new.get("type"),
        Iops=new.get("iops"),
        Throughput=new.get("throughput"),
        Encrypted=new.get("encrypted"),
        KmsKeyId=new.get("kmsKeyId"),
        SnapshotId=new.get("snapshotId"),
    )
    return str(session.client("ec2").create_volume(**words, **tag_words(session, "volume", new))["VolumeId"])


def volume_read(session: Session, id_: str, state: Properties) -> Properties:
    found = one(session, "volume", id_)
    return {
        "arn": arn(session, "volume", id_),
        "availabilityZone": found["AvailabilityZone"],
        "size": found["Size"],
        "type": found.get("VolumeType", "gp2"),
        "encrypted": bool(found.get("Encrypted")),
        **without_none(
            kmsKeyId=found.get("KmsKeyId"),
            iops=found.get("Iops"),
            throughput=found.get("Throughput"),
            snapshotId=found.get("SnapshotId") or None,
        ),
        **tags_of(found),
    }


def volume_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    before, after = old.get("size"), new.get("size")
    if before and after and after < before:
        raise DoubleError(
            f"InvalidParameterValue: New size cannot be smaller than existing size ({after} GiB, {before} GiB)."
        )
    changed = {
        word: new[key]
        for key, word in (("size", "Size"), ("type", "VolumeType"), ("iops", "Iops"), ("throughput", "Throughput"))
        if new.get(key) is not None and new[key] != old.get(key)
    }
    if changed:
        session.client("ec2").modify_volume(VolumeId=id_, **changed)
    retag(session, id_, old, new)


def volume_delete(session: Session, id_: str, state: Properties) -> None:
    session.client("ec2").delete_volume(VolumeId=id_)


def volume_together(inputs: Properties) -> list[tuple[str, str]]:
    if inputs.get("size") is None and inputs.get("snapshotId") is None:
        return [("size", "ebs.Volume needs at least one of 'size' and 'snapshotId'")]
    if inputs.get("kmsKeyId") is not None and inputs.get("encrypted") is False:
        return [("kmsKeyId", "when kmsKeyId is given, encrypted needs to be set to true")]
    return []


def attachment_create(session: Session, new: Properties) -> str:
    words = {"Device": new["deviceName"], "InstanceId": new["instanceId"], "VolumeId": new["volumeId"]}
    session.client("ec2").attach_volume(**words)
    return f"vai-{zlib.crc32('-'.join(words.values()).encode())}"


def attachment_read(session: Session, id_: str, state: Properties) -> Properties:
    for entry in one(session, "volume", state["volumeId"]).get("Attachments", []):
        if entry["InstanceId"] == state["instanceId"]:
            return {"deviceName": entry["Device"], "instanceId": entry["InstanceId"], "volumeId": entry["VolumeId"]}
    raise Missing(f"{state['volumeId']} is not attached to {state['instanceId']}.")


def attachment_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """Only how it will be detached can be changed: nothing of AWS."""


def attachment_delete(session: Session, id_: str, state: Properties) -> None:
    if state.get("skipDestroy"):
        return
    attachment_read(session, id_, state)
    if state.get("stopInstanceBeforeDetaching"):
        stop(session, state["instanceId"])
    words = {"Device": state["deviceName"], "InstanceId": state["instanceId"], "VolumeId": state["volumeId"]}
    session.client("ec2").detach_volume(**words, Force=bool(state.get("forceDetach")))


def key_create(session: Session, new: Properties) -> str:
    ec2 = session.client("ec2")
    tags = tag_words(session, "key-pair", new)
    return str(
        ec2.import_key_pair(KeyName=new["keyName"], PublicKeyMaterial=new["publicKey"].encode(), **tags)["KeyName"]
    )


def key_read(session: Session, id_: str, state: Properties) -> Properties:
    found = one(session, "key-pair", id_)
    about = {"arn": arn(session, "key-pair", id_), "keyName": id_, "keyPairId": found["KeyPairId"]}
    return {**about, "fingerprint": found["KeyFingerprint"], "keyType": found.get("KeyType", "rsa"), **tags_of(found)}


def key_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    retag(session, one(session, "key-pair", id_)["KeyPairId"], old, new)


def key_delete(session: Session, id_: str, state: Properties) -> None:
    session.client("ec2").delete_key_pair(KeyName=id_)


PUBLIC_KEY = fits.pattern(
    r"\s*(ssh-(rsa|ed25519)|ecdsa-sha2-\S+) \S+( .*)?\s*|-----BEGIN [\s\S]*",
    "public key material (`ssh-ed25519 AAAA… name`)",
)

TYPES = (
    Type(
        "aws:ebs/volume:Volume",
        {
            "availabilityZone": needed(text(f"{VOLUME}: availability_zone: ForceNew", replaces=True)),
            "size": whole("Size of the drive in GiBs", least=1, most=65536, chosen=True),
            "type": text(
                "Can be `standard`, `gp2`, `gp3`, `io1`, `io2`, `sc1` or `st1`", choices=VOLUME_TYPES, chosen=True
            ),
            "iops": whole(chosen=True),
            "throughput": whole("Only valid for `type` of `gp3`", least=125, most=2000, chosen=True),
            "encrypted": flag(f"{VOLUME}: encrypted: ForceNew", replaces=True, chosen=True),
            "kmsKeyId": text(
                f"{VOLUME}: kms_key_id: ForceNew",
                f"{VOLUME}: kms_key_id: ValidateFunc",
                fits=fits.arn,
                replaces=True,
                chosen=True,
            ),
            "snapshotId": text(f"{VOLUME}: snapshot_id: ForceNew", replaces=True, chosen=True),
            "tags": TAGS,
        },
        ("arn", "iops", "throughput", "type", "size", "encrypted", "kmsKeyId"),
        volume_create,
        volume_read,
        volume_delete,
        volume_update,
        together=volume_together,
        says=("At least one of `size` or `snapshot_id` is required", "`encrypted` needs to be set to true"),
    ),
    Type(
        "aws:ec2/volumeAttachment:VolumeAttachment",
        {
            "deviceName": needed(text(f"{ATTACHMENT}: device_name: ForceNew", replaces=True)),
            "instanceId": needed(text(f"{ATTACHMENT}: instance_id: ForceNew", replaces=True)),
            "volumeId": needed(text(f"{ATTACHMENT}: volume_id: ForceNew", replaces=True)),
            "forceDetach": flag(),
            "skipDestroy": flag(),
            "stopInstanceBeforeDetaching": flag(),
        },
        (),
        attachment_create,
        attachment_read,
        attachment_delete,
        attachment_update,
    ),
    Type(
        "aws:ec2/keyPair:KeyPair",
        {
            "keyName": text(f"{KEY}: key_name: ForceNew", replaces=True),
            "publicKey": needed(
                text("Public key material", f"{KEY}: public_key: ForceNew", fits=PUBLIC_KEY, replaces=True)
            ),
            "tags": TAGS,
        },
        ("arn", "fingerprint", "keyPairId", "keyType"),
        key_create,
        key_read,
        key_delete,
        key_update,
        naming=Naming("keyName", 255),
    ),
)
