# SPDX-License-Identifier: Apache-2.0
"""What is set on a bucket, each a resource of its own that has the bucket's name for its id."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bascule_double.errors import DoubleError, Missing
from bascule_double.session import Session
from bascule_double.types.buckets import answer
from bascule_double.values import Properties

# Names that differ by more than their first letter: property → word of S3.
ODD = {"id": "ID", "sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
BACK = {word: name for name, word in ODD.items()}


def to_words(value: Any) -> Any:
    """Properties as S3 wants them: `noncurrentDays` is `NoncurrentDays`."""
    if isinstance(value, dict):
        return {ODD.get(key, key[0].upper() + key[1:]): to_words(item) for key, item in value.items()}
    return [to_words(item) for item in value] if isinstance(value, list) else value


def from_words(value: Any) -> Any:
    """What S3 answers, as properties."""
    if isinstance(value, dict):
        return {BACK.get(key, key[0].lower() + key[1:]): from_words(item) for key, item in value.items()}
    return [from_words(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Setting:
    """How one setting is put, asked and taken away: `put` and `get` are between properties and the words of S3."""

    put: Callable[[Any, str, Properties], None]
    get: Callable[[Any, str], Properties]
    delete: Callable[[Any, str, Properties], None]

    def create(self, session: Session, new: Properties) -> str:
        self.put(session.client("s3"), new["bucket"], new)
        return str(new["bucket"])

    def read(self, session: Session, id_: str, state: Properties) -> Properties:
        s3 = session.client("s3")
        s3.head_bucket(Bucket=id_)
        if not (found := self.get(s3, id_)):
            raise Missing(f"Nothing of the kind is set on the bucket {id_}.")
        return {"bucket": id_, **found}

    def update(self, session: Session, id_: str, old: Properties, new: Properties) -> None:
        self.put(session.client("s3"), id_, new)

    def remove(self, session: Session, id_: str, state: Properties) -> None:
        self.delete(session.client("s3"), id_, state)


def versioning_put(s3: Any, bucket: str, new: Properties) -> None:
    status = new["versioningConfiguration"]["status"]
    if status == "Disabled":
        return
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def versioning_get(s3: Any, bucket: str) -> Properties:
    return {"versioningConfiguration": {"status": s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")}}


def versioning_delete(s3: Any, bucket: str, state: Properties) -> None:
    """Versions that were kept stay; with object lock it cannot be suspended (S3 User Guide, Object Lock)."""
    if state["versioningConfiguration"]["status"] == "Enabled":
        lock = answer(lambda: s3.get_object_lock_configuration(Bucket=bucket))
        if not lock:
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def lock_put(s3: Any, bucket: str, new: Properties) -> None:
    configuration = {"ObjectLockEnabled": "Enabled", **to_words({"rule": new["rule"]} if new.get("rule") else {})}
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)


def lock_get(s3: Any, bucket: str) -> Properties:
    found = answer(lambda: s3.get_object_lock_configuration(Bucket=bucket)).get("ObjectLockConfiguration", {})
    return {key: value for key, value in from_words(found).items() if value}


def lock_delete(s3: Any, bucket: str, state: Properties) -> None:
    """The lock itself stays on the bucket for ever; only the rule for new objects goes."""
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})


def encryption_get(s3: Any, bucket: str) -> Properties:
    found = answer(lambda: s3.get_bucket_encryption(Bucket=bucket)).get("ServerSideEncryptionConfiguration", {})
    return {"rules": from_words(found["Rules"])} if found.get("Rules") else {}


def lifecycle_get(s3: Any, bucket: str) -> Properties:
    found = answer(lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket))
    return {"rules": from_words(found["Rules"])} if found.get("Rules") else {}


def lifecycle_words(new: Properties) -> Any:
    """Rules of a life cycle; one without a filter is for all objects."""
    return [{"Filter": {"Prefix": ""}, **to_words(rule)} for rule in new.get("rules", [])]


def public_get(s3: Any, bucket: str) -> Properties:
    found = answer(lambda: s3.get_public_access_block(Bucket=bucket))
    return dict(from_words(found.get("PublicAccessBlockConfiguration", {})))


def ownership_get(s3: Any, bucket: str) -> Properties:
    found = answer(lambda: s3.get_bucket_ownership_controls(Bucket=bucket)).get("OwnershipControls", {})
    return {"rule": from_words(found["Rules"][0])} if found.get("Rules") else {}


def policy_put(s3: Any, bucket: str, new: Properties) -> None:
    """A public policy is refused where the bucket blocks them (S3 User Guide, BlockPublicPolicy)."""
    if public_get(s3, bucket).get("blockPublicPolicy") and is_public(json.loads(new["policy"])):
        raise DoubleError(
            "AccessDenied: public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access"
        )
    s3.put_bucket_policy(Bucket=bucket, Policy=new["policy"])


def is_public(policy: Any) -> bool:
    """Whether a statement allows something to anybody, with no condition."""
    statements = policy.get("Statement", [])
    return any(
        entry.get("Effect") == "Allow" and entry.get("Principal") in ("*", {"AWS": "*"}) and not entry.get("Condition")
        for entry in (statements if isinstance(statements, list) else [statements])
    )


def policy_get(s3: Any, bucket: str) -> Properties:
    found = answer(lambda: s3.get_bucket_policy(Bucket=bucket)).get("Policy")
    return {"policy": found} if found else {}


SETTINGS: dict[str, Setting] = {
    "bucketVersioning:BucketVersioning": Setting(versioning_put, versioning_get, versioning_delete),
    "bucketObjectLockConfiguration:BucketObjectLockConfiguration": Setting(lock_put, lock_get, lock_delete),
    "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Setting(
        lambda s3, bucket, new: s3.put_bucket_encryption(
            Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": to_words(new["rules"])}
        ),
        encryption_get,
        lambda s3, bucket, _state: s3.delete_bucket_encryption(Bucket=bucket),
    ),
    "bucketLifecycleConfiguration:BucketLifecycleConfiguration": Setting(
        lambda s3, bucket, new: s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": lifecycle_words(new)}
        ),
        lifecycle_get,
        lambda s3, bucket, _state: s3.delete_bucket_lifecycle(Bucket=bucket),
    ),
    "bucketPublicAccessBlock:BucketPublicAccessBlock": Setting(
        lambda s3, bucket, new: s3.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=to_words({key: bool(new.get(key)) for key in BLOCKS})
        ),
        public_get,
        lambda s3, bucket, _state: s3.delete_public_access_block(Bucket=bucket),
    ),
    "bucketOwnershipControls:BucketOwnershipControls": Setting(
        lambda s3, bucket, new: s3.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls={"Rules": [to_words(new["rule"])]}
        ),
        ownership_get,
        lambda s3, bucket, _state: s3.delete_bucket_ownership_controls(Bucket=bucket),
    ),
    "bucketPolicy:BucketPolicy": Setting(
        policy_put, policy_get, lambda s3, bucket, _state: s3.delete_bucket_policy(Bucket=bucket)
    ),
}
