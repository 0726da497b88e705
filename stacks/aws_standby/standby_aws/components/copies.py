# SPDX-License-Identifier: Apache-2.0
"""The bucket for copies, and the identity of those at the office who write them."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from standby_aws.components.part import Part, document
from standby_aws.decisions import copies


class Copies(Part):
    """A bucket that forgets nothing before its time, that nobody outside can see."""

    def __init__(self, decided: copies.Copies, key: pulumi.Input[str], provider: pulumi.ProviderResource) -> None:
        name = decided.mark.name
        super().__init__(name, provider)
        self.bucket = aws.s3.Bucket(
            name, object_lock_enabled=True, tags=decided.mark.tags, opts=self.inside(protect=decided.protected)
        )
        closed = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=self.bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.inside(),
        )
        aws.s3.BucketOwnershipControls(
            name, bucket=self.bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=self.inside()
        )
        encryption = {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key},
            "bucket_key_enabled": True,
        }
        aws.s3.BucketServerSideEncryptionConfiguration(
            name, bucket=self.bucket.id, rules=[encryption], opts=self.inside()
        )
        self._history(decided)
        aws.s3.BucketPolicy(
            name,
            bucket=self.bucket.id,
            policy=document(copies.only_by_tls, self.bucket.arn),
            # Both write to the same part of the bucket.
            opts=self.inside(depends_on=[closed]),
        )
        self.writer = self._writer(decided, key)
        self.register_outputs({"bucket": self.bucket.id})

    def _history(self, decided: copies.Copies) -> None:
        name = decided.mark.name
        versions = aws.s3.BucketVersioning(
            name, bucket=self.bucket.id, versioning_configuration={"status": "Enabled"}, opts=self.inside()
        )
        lock = {"default_retention": {"mode": "GOVERNANCE", "days": decided.keep_days}}
        aws.s3.BucketObjectLockConfiguration(
            name, bucket=self.bucket.id, rule=lock, opts=self.inside(depends_on=[versions])
        )
        forget = {
            "id": "forget-what-was-replaced",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": decided.keep_days},
            "expiration": {"expired_object_delete_marker": True},
            "abort_incomplete_multipart_upload": {"days_after_initiation": copies.UNFINISHED_DAYS},
        }
        aws.s3.BucketLifecycleConfiguration(
            name, bucket=self.bucket.id, rules=[forget], opts=self.inside(depends_on=[versions])
        )

    def _writer(self, decided: copies.Copies, key: pulumi.Input[str]) -> aws.iam.User:
        # Its access key is made by hand, so that no secret is in the state; it goes with the user.
        user = aws.iam.User(decided.writer.name, force_destroy=True, tags=decided.writer.tags, opts=self.inside())
        aws.iam.UserPolicy(
            decided.writer.name,
            user=user.name,
            policy=document(copies.writer_may, self.bucket.arn, key),
            opts=self.inside(),
        )
        return user
