# SPDX-License-Identifier: Apache-2.0
"""What is stored is encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from standby_rules.built import Built
from standby_rules.built import buckets_without as _buckets_without

VOLUME = "aws:ebs/volume:Volume"
INSTANCE = "aws:ec2/instance:Instance"
BUCKET = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"


def not_encrypted(kind: str, props: Mapping[str, Any], _plan: Mapping[str, Any] | None) -> Iterable[str]:
    """Yield each disk that is not encrypted."""
    if kind == VOLUME and not props.get("encrypted"):
        yield "the volume is not encrypted; set encrypted"
    if kind == INSTANCE:
        root = props.get("rootBlockDevice") or {}
        if not root.get("encrypted"):
            yield "the disk of the machine is not encrypted; set root_block_device.encrypted"
        for device in props.get("ebsBlockDevices") or ():
            if not device.get("encrypted"):
                yield f"the disk {device.get('deviceName')} of the machine is not encrypted; set encrypted"


def buckets_without(resources: Sequence[Built]) -> Iterable[tuple[str, str]]:
    """Yield the buckets that do not say how they encrypt."""
    for urn in _buckets_without(resources, BUCKET):
        yield urn, "the bucket has no BucketServerSideEncryptionConfiguration; add one, with the site's key"
