# SPDX-License-Identifier: Apache-2.0
"""No bucket is public."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from standby_rules.built import Built, buckets_without

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
FOUR = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
ACLS = ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucket:Bucket")
POLICY = "aws:s3/bucketPolicy:BucketPolicy"


def open_to_all(kind: str, props: Mapping[str, Any], _plan: Mapping[str, Any] | None) -> Iterable[str]:
    """Yield what would let anybody see a bucket."""
    if kind == BLOCK:
        for name in FOUR:
            if not props.get(name):
                yield f"{name} is off: the bucket could become public; switch it on"
    if kind in ACLS and (str(props.get("acl") or "").startswith("public") or props.get("acl") == "authenticated-read"):
        yield f"the ACL {props['acl']} lets anybody read the bucket; remove it"
    if kind == POLICY:
        policy = props.get("policy")
        document = json.loads(policy) if isinstance(policy, str) else policy or {}
        statements = document.get("Statement", [])
        for one in statements if isinstance(statements, Sequence) else [statements]:
            if one.get("Effect") == "Allow" and _anybody(one.get("Principal")) and not one.get("Condition"):
                yield f"the bucket's policy allows {one.get('Action')} to anybody; name who may"


def not_closed(resources: Sequence[Built]) -> Iterable[tuple[str, str]]:
    """Yield the buckets that nothing keeps from becoming public."""
    for urn in buckets_without(resources, BLOCK):
        yield urn, "the bucket has no BucketPublicAccessBlock; add one, with all four switched on"


def _anybody(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        principal = principal.get("AWS")
    return principal == "*" or (isinstance(principal, Sequence) and "*" in principal)
