# SPDX-License-Identifier: Apache-2.0
"""What the settings of a bucket take, and what a change of them does."""

from __future__ import annotations

from collections.abc import Mapping

from bascule_double import fits
from bascule_double.rules import Failure, Input, Type, block, flag, many, needed, text, whole
from bascule_double.types.bucket_settings import BLOCKS, SETTINGS, Setting
from bascule_double.values import Properties

ENABLED = ("Enabled", "Disabled")


def on_bucket(file: str) -> Input:
    """The bucket of a setting; another one is another setting."""
    return needed(text(f"upstream s3/{file}.go: bucket: ForceNew", replaces=True))


def lock_together(inputs: Properties) -> list[Failure]:
    retention = (inputs.get("rule") or {}).get("defaultRetention")
    if isinstance(retention, dict) and len([key for key in ("days", "years") if retention.get(key) is not None]) != 1:
        return [("rule.defaultRetention", "exactly one of 'days' and 'years' is given")]
    return []


INPUTS: Mapping[str, Mapping[str, Input]] = {
    "bucketVersioning": {
        "bucket": on_bucket("bucket_versioning"),
        "versioningConfiguration": needed(
            block(
                {
                    "status": needed(
                        text(
                            "Valid values: `Enabled`, `Suspended`, or `Disabled`",
                            choices=("Enabled", "Suspended", "Disabled"),
                        )
                    )
                }
            )
        ),
    },
    "bucketObjectLockConfiguration": {
        "bucket": on_bucket("bucket_object_lock_configuration"),
        "objectLockEnabled": text("Valid values: `Enabled`", choices=("Enabled",), default="Enabled"),
        "rule": block(
            {
                "defaultRetention": needed(
                    block(
                        {
                            "days": whole(
                                "Number of days that you want to specify for the default retention period",
                                least=1,
                                most=36500,
                            ),
                            "mode": text(
                                "Valid values: `COMPLIANCE`, `GOVERNANCE`", choices=("COMPLIANCE", "GOVERNANCE")
                            ),
                            "years": whole(
                                "Number of years that you want to specify for the default retention period",
                                least=1,
                                most=100,
                            ),
                        }
                    )
                )
            }
        ),
    },
    "bucketServerSideEncryptionConfiguration": {
        "bucket": on_bucket("bucket_server_side_encryption_configuration"),
        "rules": needed(
            many(
                block(
                    {
                        "applyServerSideEncryptionByDefault": block(
                            {
                                "kmsMasterKeyId": text(),
                                "sseAlgorithm": needed(
                                    text(
                                        "Valid values are `AES256`, `aws:kms`, and `aws:kms:dsse`",
                                        choices=("AES256", "aws:kms", "aws:kms:dsse"),
                                    )
                                ),
                            }
                        ),
                        "bucketKeyEnabled": flag(default=False),
                    }
                )
            )
        ),
    },
    "bucketLifecycleConfiguration": {
        "bucket": on_bucket("bucket_lifecycle_configuration"),
        "rules": many(
            block(
                {
                    "abortIncompleteMultipartUpload": block(
                        {
                            "daysAfterInitiation": whole(
                                "upstream s3/bucket_lifecycle_configuration.go: days_after_initiation: Int32", least=1
                            )
                        }
                    ),
                    "expiration": block(
                        {
                            "date": text(),
                            "days": whole("The value must be a non-zero positive integer", least=1),
                            "expiredObjectDeleteMarker": flag(chosen=True),
                        }
                    ),
                    "filter": block({"prefix": text(chosen=True)}, chosen=True),
                    "id": needed(
                        text(
                            "The value cannot be longer than 255 characters",
                            fits=fits.pattern(r".{1,255}", "1 to 255 characters"),
                        )
                    ),
                    "noncurrentVersionExpiration": block(
                        {
                            "newerNoncurrentVersions": whole("Must be a non-zero positive integer", least=1),
                            "noncurrentDays": needed(whole("Must be a positive integer", least=1)),
                        }
                    ),
                    "status": needed(text("Valid values: `Enabled` or `Disabled`", choices=ENABLED)),
                }
            ),
            unordered=True,
        ),
    },
    "bucketPublicAccessBlock": {
        "bucket": on_bucket("bucket_public_access_block"),
        **{key: flag(default=False) for key in BLOCKS},
    },
    "bucketOwnershipControls": {
        "bucket": on_bucket("bucket_ownership_controls"),
        "rule": needed(
            block(
                {
                    "objectOwnership": needed(
                        text(
                            "Valid values: `BucketOwnerPreferred`, `ObjectWriter` or `BucketOwnerEnforced`",
                            choices=("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"),
                        )
                    )
                }
            )
        ),
    },
    "bucketPolicy": {
        "bucket": on_bucket("bucket_policy"),
        "policy": needed(text("Text of the policy", fits=fits.json_document, same=fits.same_json)),
    },
}
TOGETHER = {"bucketObjectLockConfiguration": lock_together}


def setting_type(name: str, work: Setting) -> Type:
    """The type of one setting."""
    short = name.partition(":")[0]
    return Type(
        f"aws:s3/{name}",
        INPUTS[short],
        (),
        work.create,
        work.read,
        work.remove,
        work.update,
        together=TOGETHER.get(short),
    )


TYPES = tuple(setting_type(name, work) for name, work in SETTINGS.items())
