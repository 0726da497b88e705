# SPDX-License-Identifier: Apache-2.0
"""s3.Bucket. What is set on it are resources of their own, in `bucket_settings`."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import botocore.exceptions

from bascule_double.rules import TAGS, Naming, Type, flag, text
from bascule_double.session import Session, named_tags
from bascule_double.values import Properties

BUCKET = "upstream s3/bucket.go"
# The one region that is not said when a bucket is made (API Reference, CreateBucket, LocationConstraint).
UNSAID = "us-east-1"


def bucket_name(value: str) -> str:
    """Amazon S3 User Guide, General purpose bucket naming rules."""
    words = f"{value!r} is no name of a bucket: 3 to 63 lowercase letters, figures, dots and hyphens, and no address"
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", value) or ".." in value:
        return words
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return words if value.startswith(("xn--", "sthree-", "amzn-s3-demo-")) or value.endswith("-s3alias") else ""
    return words


def create(session: Session, new: Properties) -> str:
    s3, name = session.client("s3"), str(new["bucket"])
    words: dict[str, Any] = {"Bucket": name}
    if session.region != UNSAID:
        words["CreateBucketConfiguration"] = {"LocationConstraint": session.region}
    if new.get("objectLockEnabled"):
        words["ObjectLockEnabledForBucket"] = True
    s3.create_bucket(**words)
    retag(session, name, {}, new)
    return name


def read(session: Session, id_: str, state: Properties) -> Properties:
    s3 = session.client("s3")
    s3.head_bucket(Bucket=id_)
    tags = named_tags(answer(lambda: s3.get_bucket_tagging(Bucket=id_)).get("TagSet"))
    lock = answer(lambda: s3.get_object_lock_configuration(Bucket=id_)).get("ObjectLockConfiguration", {})
    return {
        "arn": f"arn:aws:s3:::{id_}",
        "bucket": id_,
        "bucketDomainName": f"{id_}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{id_}.s3.{session.region}.amazonaws.com",
        "bucketRegion": session.region,
        "objectLockEnabled": lock.get("ObjectLockEnabled") == "Enabled",
        "tags": tags,
        "tagsAll": tags,
    }


def answer(ask: Any) -> Any:
    """What S3 answers; nothing where it says that nothing was set."""
    try:
        return ask()
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in UNSET:
            return {}
        raise


UNSET = frozenset(
    {
        "NoSuchTagSet", "ObjectLockConfigurationNotFoundError", "NoSuchLifecycleConfiguration", "NoSuchBucketPolicy",
        "ServerSideEncryptionConfigurationNotFoundError", "NoSuchPublicAccessBlockConfiguration",
        "OwnershipControlsNotFoundError",
    }
)  # fmt: skip


def retag(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """Make the bucket's tags those of its new properties."""
    s3, tags = session.client("s3"), session.tag_list(new)
    if tags:
        s3.put_bucket_tagging(Bucket=id_, Tagging={"TagSet": tags})
    elif old.get("tagsAll"):
        s3.delete_bucket_tagging(Bucket=id_)


def delete(session: Session, id_: str, state: Properties) -> None:
    """Remove a bucket; what is in it only with forceDestroy."""
    s3 = session.client("s3")
    if state.get("forceDestroy"):
        empty(s3, id_, locked=bool(state.get("objectLockEnabled")))
    s3.delete_bucket(Bucket=id_)


def empty(s3: Any, bucket: str, locked: bool) -> None:
    """Delete each version of each object; past a lock in governance mode."""
    bypass = {"BypassGovernanceRetention": True} if locked else {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"], **bypass)


TYPES = (
    Type(
        "aws:s3/bucket:Bucket",
        {
            "bucket": text(
                "Must be lowercase and less than or equal to 63 characters in length",
                f"{BUCKET}: bucket: ForceNew",
                fits=bucket_name,
                replaces=True,
            ),
            "forceDestroy": flag(default=False),
            "objectLockEnabled": flag(f"{BUCKET}: object_lock_enabled: ForceNew", replaces=True, chosen=True),
            "tags": TAGS,
        },
        ("arn", "bucketDomainName", "bucketRegionalDomainName", "bucketRegion"),
        create,
        read,
        delete,
        retag,
        naming=Naming("bucket", 63, lower=True),
    ),
)
