# SPDX-License-Identifier: Apache-2.0
"""Keys that encrypt, and their names: kms.Key, kms.Alias."""

from __future__ import annotations

from typing import Any

from bascule_double import fits
from bascule_double.errors import Missing
from bascule_double.rules import TAGS, Naming, Type, flag, needed, text, whole
from bascule_double.session import Session
from bascule_double.values import Properties, without_none

KEY = "upstream kms/key.go"
ALIAS = "upstream kms/alias.go"
DEFAULT_WINDOW = 30


def tag_words(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as KMS wants them."""
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def key_create(session: Session, new: Properties) -> str:
    kms = session.client("kms")
    words = without_none(
        Description=new.get("description"),
        Policy=new.get("policy"),
        KeyUsage=new.get("keyUsage"),
        MultiRegion=new.get("multiRegion"),
        Tags=tag_words(session.tags(new)),
    )
    id_ = str(kms.create_key(**words)["KeyMetadata"]["KeyId"])
    key_switches(session, id_, {"isEnabled": True}, new)
    return id_


def key_switches(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """Rotation, and whether the key can be used."""
    kms = session.client("kms")
    if bool(old.get("enableKeyRotation")) != bool(new.get("enableKeyRotation")):
        if new.get("enableKeyRotation"):
            kms.enable_key_rotation(KeyId=id_, **without_none(RotationPeriodInDays=new.get("rotationPeriodInDays")))
        else:
            kms.disable_key_rotation(KeyId=id_)
    if old.get("isEnabled", True) != new.get("isEnabled", True):
        (kms.enable_key if new.get("isEnabled", True) else kms.disable_key)(KeyId=id_)


def live_key(session: Session, id_: str) -> Any:
    """The description of a key that does not wait for its deletion. Raises Missing."""
    found = session.client("kms").describe_key(KeyId=id_)["KeyMetadata"]
    if found["KeyState"] == "PendingDeletion":
        raise Missing(f"The key {id_} waits for its deletion.")
    return found


def key_read(session: Session, id_: str, state: Properties) -> Properties:
    kms, found = session.client("kms"), live_key(session, id_)
    tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=id_)["Tags"]}
    return {
        "arn": found["Arn"],
        "keyId": found["KeyId"],
        "description": found.get("Description", ""),
        "isEnabled": bool(found["Enabled"]),
        "keyUsage": found.get("KeyUsage", "ENCRYPT_DECRYPT"),
        "multiRegion": bool(found.get("MultiRegion")),
        "enableKeyRotation": bool(kms.get_key_rotation_status(KeyId=id_)["KeyRotationEnabled"]),
        "policy": kms.get_key_policy(KeyId=id_, PolicyName="default")["Policy"],
        "tags": tags,
        "tagsAll": tags,
    }


def key_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    kms = session.client("kms")
    if new.get("description") is not None and old.get("description") != new["description"]:
        kms.update_key_description(KeyId=id_, Description=new["description"])
    if new.get("policy") is not None and old.get("policy") != new["policy"]:
        kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=new["policy"])
    key_switches(session, id_, old, new)
    before, after = old.get("tagsAll") or {}, session.tags(new)
    if gone := sorted(set(before) - set(after)):
        kms.untag_resource(KeyId=id_, TagKeys=gone)
    if after != before:
        kms.tag_resource(KeyId=id_, Tags=tag_words(after))


def key_delete(session: Session, id_: str, state: Properties) -> None:
    """A key is never gone at once: it waits, and can be had back meanwhile."""
    live_key(session, id_)
    days = state.get("deletionWindowInDays") or DEFAULT_WINDOW
    session.client("kms").schedule_key_deletion(KeyId=id_, PendingWindowInDays=days)


def alias_create(session: Session, new: Properties) -> str:
    session.client("kms").create_alias(AliasName=new["name"], TargetKeyId=new["targetKeyId"])
    return str(new["name"])


def alias_read(session: Session, id_: str, state: Properties) -> Properties:
    kms = session.client("kms")
    for page in kms.get_paginator("list_aliases").paginate():
        for entry in page["Aliases"]:
            if entry["AliasName"] == id_:
                key = kms.describe_key(KeyId=entry["TargetKeyId"])["KeyMetadata"]
                written = state.get("targetKeyId")
                target = written if written in (key["KeyId"], key["Arn"]) else key["KeyId"]
                return {"arn": entry["AliasArn"], "name": id_, "targetKeyId": target, "targetKeyArn": key["Arn"]}
    raise Missing(f"The alias {id_} is not there.")


def alias_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    session.client("kms").update_alias(AliasName=id_, TargetKeyId=new["targetKeyId"])


def alias_delete(session: Session, id_: str, state: Properties) -> None:
    session.client("kms").delete_alias(AliasName=id_)


TYPES = (
    Type(
        "aws:kms/key:Key",
        {
            "deletionWindowInDays": whole("it must be between `7` and `30`, inclusive", least=7, most=30),
            "description": text(chosen=True),
            "enableKeyRotation": flag(default=False),
            "isEnabled": flag(default=True),
            "keyUsage": text(
                "Valid values: `ENCRYPT_DECRYPT`, `SIGN_VERIFY`, or `GENERATE_VERIFY_MAC`",
                f"{KEY}: key_usage: ForceNew",
                choices=("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC"),
                default="ENCRYPT_DECRYPT",
                replaces=True,
            ),
            "multiRegion": flag(f"{KEY}: multi_region: ForceNew", default=False, replaces=True),
            "policy": text("Valid policy JSON document", fits=fits.json_document, same=fits.same_json, chosen=True),
            "rotationPeriodInDays": whole(
                "Must be a number between 90 and 2560 (inclusive)", least=90, most=2560, chosen=True
            ),
            "tags": TAGS,
        },
        ("arn", "keyId", "policy", "description"),
        key_create,
        key_read,
        key_delete,
        key_update,
    ),
    Type(
        "aws:kms/alias:Alias",
        {
            "name": text(
                'The name must start with the word "alias" followed by a forward slash (alias/)',
                f"{ALIAS}: name: ForceNew",
                fits=fits.pattern(
                    r"alias/(?!aws/)[a-zA-Z0-9/_-]+", "alias/ and letters, figures, / _ -; alias/aws/ is AWS's own"
                ),
                replaces=True,
            ),
            "targetKeyId": needed(text()),
        },
        ("arn", "targetKeyArn"),
        alias_create,
        alias_read,
        alias_delete,
        alias_update,
        naming=Naming("name", 256, prefix="alias/"),
        volatile={"targetKeyArn": ("targetKeyId",)},
    ),
)
