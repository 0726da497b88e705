# SPDX-License-Identifier: Apache-2.0
"""What AWS refuses and moto does, outside networks: users with keys, locked buckets, disks of another zone."""

from __future__ import annotations

from typing import Any

from bascule_double.moto.order import before, refuse


def cure() -> None:
    """Put a look before each of these requests."""
    from moto.ec2.models import EC2Backend
    from moto.elbv2.models import ELBv2Backend
    from moto.iam.models import IAMBackend
    from moto.s3.models import S3Backend

    before(IAMBackend, "delete_user", look_user)
    before(S3Backend, "put_bucket_versioning", look_versioning)
    before(EC2Backend, "attach_volume", look_volume)
    before(ELBv2Backend, "create_load_balancer", look_balancer)


def look_user(backend: Any, user_name: str) -> None:
    """A user with access keys stays (API Reference, DeleteUser)."""
    from moto.iam.exceptions import DeleteConflictException

    if backend.get_user(user_name).access_keys:
        raise DeleteConflictException("Cannot delete entity, must delete access keys first.")


def look_versioning(backend: Any, bucket_name: str, status: str) -> None:
    """With object lock, versions are kept for ever (API Reference, PutBucketVersioning)."""
    from moto.s3.exceptions import S3ClientError

    if backend.get_bucket(bucket_name).object_lock_enabled and status != "Enabled":
        message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
        raise S3ClientError("InvalidBucketState", message)


def look_volume(backend: Any, volume_id: str, instance_id: str, *_rest: Any, **_words: Any) -> None:
    """A disk and its instance are in one zone (API Reference, AttachVolume)."""
    volume, instance = backend.get_volume(volume_id), backend.get_instance(instance_id)
    zone = instance._placement.zone
    if volume.zone.name != zone:
        refuse(
            "InvalidVolume.ZoneMismatch", f"The volume '{volume_id}' is not in the same availability zone as instance"
        )


def look_balancer(backend: Any, *_args: Any, **words: Any) -> None:
    """An application load balancer is in two zones (API Reference, CreateLoadBalancer, Subnets)."""
    from moto.elbv2.exceptions import ELBClientError

    subnets = words.get("subnet_ids") or []
    zones = {backend.ec2_backend.get_subnet(one).availability_zone for one in subnets}
    if words.get("loadbalancer_type") in (None, "application") and subnets and len(zones) < 2:
        message = "At least two subnets in two different Availability Zones must be specified"
        raise ELBClientError("ValidationError", message)
