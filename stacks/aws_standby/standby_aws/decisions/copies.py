# SPDX-License-Identifier: Apache-2.0
"""The bucket for copies, and who may do what with it. Copies lie below `copies/`.

Nobody here can remove a copy for good before `keep` is over: what is deleted stays as an older version, under a lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from standby_aws.decisions.marks import Mark, mark
from standby_aws.decisions.watch import NAMESPACE
from standby_aws.inputs import Situation
from standby_aws.naming import days

Document = Mapping[str, Any]

COPIES = "copies/"
# The only thing that restic deletes while it makes a copy. Its repositories are folders that are named after it; `*`
# goes over `/` too, and in such a folder nothing else is below `locks/`.
LOCKS = ("copies/restic-*/locks/*",)
UNFINISHED_DAYS = 7
_READ = ["s3:GetObject", "s3:GetObjectVersion"]
_LIST = ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"]
# Takes locks and history away; nobody whom we make may.
_NEVER = [
    "s3:BypassGovernanceRetention",
    "s3:DeleteObjectVersion",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:PutObjectRetention",
]


@dataclass(frozen=True)
class Copies:
    """The bucket; ``keep_days`` is how long each version stays. ``writer``: the identity of the office's writers."""

    mark: Mark
    keep_days: int
    writer: Mark
    protected: bool


def copies(here: Situation) -> Copies | None:
    """Return the bucket to be built; None in drills and where the policy has none."""
    if here.request.drill or not here.cloud["copies"]:
        return None
    return Copies(mark(here, "copies"), days(here.cloud["copies"]["keep_s"]), mark(here, "writer"), True)


def only_by_tls(bucket: str) -> Document:
    """Return the bucket's own policy, given its ARN: whoever comes without TLS is refused."""
    return _document(
        {
            "Sid": "OnlyByTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def writer_may(bucket: str, key: str) -> Document:
    """Return what the office's writers may do, given two ARNs: add and read copies, delete restic's locks, no more."""
    return _document(
        *_readers(bucket, key, "kms:GenerateDataKey"),
        _allow("AddCopies", ["s3:PutObject", "s3:AbortMultipartUpload"], f"{bucket}/{COPIES}*"),
        _allow("RemoveLocks", ["s3:DeleteObject"], *(f"{bucket}/{locks}" for locks in LOCKS)),
        _report_ages(),
        _refusals(bucket),
    )


def machines_may_use(bucket: str, key: str) -> Document:
    """Return what the machines may do with the bucket: they also tidy it, which hides copies but keeps them."""
    return _document(
        *_readers(bucket, key, "kms:GenerateDataKey"),
        _allow("KeepCopies", ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], f"{bucket}/{COPIES}*"),
        _refusals(bucket),
    )


def machines_may(here: Situation) -> Document | None:
    """Return what the machines may do whatever else there is: report ages; in a drill, read the bucket it was given."""
    if here.request.drill is None:
        return _document(_report_ages())
    if here.request.copies is None:
        return None
    statements = _readers(f"arn:aws:s3:::{here.request.copies}", "*")
    # The key is another stack's: only by way of the bucket.
    by_bucket = {"StringEquals": {"kms:ViaService": f"s3.{here.cloud['region']}.amazonaws.com"}}
    return _document(*({**one, "Condition": by_bucket} if one["Sid"] == "UseTheKey" else one for one in statements))


def _readers(bucket: str, key: str, *more: str) -> list[dict[str, Any]]:
    return [
        _allow("FindCopies", _LIST, bucket),
        _allow("ReadCopies", _READ, f"{bucket}/{COPIES}*"),
        _allow("UseTheKey", ["kms:Decrypt", *more], key),
    ]


def _report_ages() -> dict[str, Any]:
    where = {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}
    return {**_allow("ReportAges", ["cloudwatch:PutMetricData"], "*"), "Condition": where}


def _refusals(bucket: str) -> dict[str, Any]:
    return {**_allow("KeepHistory", _NEVER, bucket, f"{bucket}/*"), "Effect": "Deny"}


def _allow(sid: str, actions: list[str], *resources: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": list(resources)}


def _document(*statements: Mapping[str, Any]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
