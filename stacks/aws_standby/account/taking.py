# SPDX-License-Identifier: Apache-2.0
"""Things that must be emptied before they go: buckets, zones, identities."""

from __future__ import annotations

from typing import Any

from account import services
from account.access import client, pages
from account.things import Thing

BATCH = 1000


def empty(name: str, region: str) -> str:
    """Delete all versions in a bucket that are not locked; return why some are left, empty when none is."""
    asked, left = client("s3", region), 0
    for kind in ("Versions", "DeleteMarkers"):
        listed = pages("s3", region, "list_object_versions", kind, Bucket=name)
        for start in range(0, len(listed), BATCH):
            batch = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in listed[start : start + BATCH]]
            answer = asked.delete_objects(Bucket=name, Delete={"Objects": batch, "Quiet": True})
            left += len(answer.get("Errors") or ())
    if not left:
        return ""
    until = services.contents(name, region).get("locked_until")
    return f"{left} copies are locked" + (f" until {until}" if until else "")


def bucket(thing: Thing, region: str) -> str | None:
    """Empty a bucket and delete it, unless copies in it are locked."""
    left = empty(thing.id, region)
    if left:
        return left
    client("s3", region).delete_bucket(Bucket=thing.id)
    return None


def zone(thing: Thing, region: str) -> str | None:
    """Delete the records of a zone, and the zone."""
    asked = client("route53", region)
    records = [
        entry
        for entry in pages("route53", region, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=thing.id)
        if entry["Type"] not in ("NS", "SOA")
    ]
    if records:
        changes: list[dict[str, Any]] = [{"Action": "DELETE", "ResourceRecordSet": entry} for entry in records]
        asked.change_resource_record_sets(HostedZoneId=thing.id, ChangeBatch={"Changes": changes})
    asked.delete_hosted_zone(Id=thing.id)
    return None


def profile(thing: Thing, region: str) -> str | None:
    """Take the role out of an instance profile, and delete the profile."""
    asked = client("iam", region)
    for entry in asked.get_instance_profile(InstanceProfileName=thing.id)["InstanceProfile"]["Roles"]:
        asked.remove_role_from_instance_profile(InstanceProfileName=thing.id, RoleName=entry["RoleName"])
    asked.delete_instance_profile(InstanceProfileName=thing.id)
    return None


def role(thing: Thing, region: str) -> str | None:
    """Take its rights from a role, and delete it."""
    asked = client("iam", region)
    for name in pages("iam", region, "list_role_policies", "PolicyNames", RoleName=thing.id):
        asked.delete_role_policy(RoleName=thing.id, PolicyName=name)
    for entry in pages("iam", region, "list_attached_role_policies", "AttachedPolicies", RoleName=thing.id):
        asked.detach_role_policy(RoleName=thing.id, PolicyArn=entry["PolicyArn"])
    for entry in pages("iam", region, "list_instance_profiles_for_role", "InstanceProfiles", RoleName=thing.id):
        asked.remove_role_from_instance_profile(InstanceProfileName=entry["InstanceProfileName"], RoleName=thing.id)
    asked.delete_role(RoleName=thing.id)
    return None


def user(thing: Thing, region: str) -> str | None:
    """Take rights and keys from a user, and delete it."""
    asked = client("iam", region)
    for entry in pages("iam", region, "list_access_keys", "AccessKeyMetadata", UserName=thing.id):
        asked.delete_access_key(UserName=thing.id, AccessKeyId=entry["AccessKeyId"])
    for name in pages("iam", region, "list_user_policies", "PolicyNames", UserName=thing.id):
        asked.delete_user_policy(UserName=thing.id, PolicyName=name)
    for entry in pages("iam", region, "list_attached_user_policies", "AttachedPolicies", UserName=thing.id):
        asked.detach_user_policy(UserName=thing.id, PolicyArn=entry["PolicyArn"])
    asked.delete_user(UserName=thing.id)
    return None
