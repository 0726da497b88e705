# SPDX-License-Identifier: Apache-2.0
"""What of ours is in the services beside EC2, asked service by service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from account.access import FAILS, client, code, identity, pages
from account.things import POLICY, Thing, tags

AT_ONCE = 12
# Roles that AWS itself makes.
NOT_OURS = ("/aws-service-role/", "/aws-reserved/", "/service-role/")
Lister = Callable[[str, str], Iterator[Thing]]


def _tagged(
    entries: list[Any], read: Callable[[Any], dict[str, str]], policy: str
) -> Iterator[tuple[Any, dict[str, str]]]:
    """Entries that carry our tag, with their tags, which have to be asked for one by one."""
    with ThreadPoolExecutor(AT_ONCE) as several:
        for entry, found in zip(entries, several.map(read, entries), strict=True):
            if found.get(POLICY) == policy:
                yield entry, found


def keys(policy: str, region: str) -> Iterator[Thing]:
    """Keys; one that is to be deleted says when."""
    asked = client("kms", region)

    def read(entry: Any) -> dict[str, str]:
        try:
            return tags(asked.list_resource_tags(KeyId=entry["KeyId"])["Tags"])
        except ClientError as error:
            # Keys of services do not let themselves be looked at.
            if code(error).startswith("AccessDenied"):
                return {}
            raise

    for entry, found in _tagged(pages("kms", region, "list_keys", "Keys"), read, policy):
        about = asked.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
        goes = about.get("DeletionDate")
        yield Thing("kms-key", entry["KeyId"], found, {"goes_at": goes.date().isoformat()} if goes else {})


def buckets(policy: str, region: str) -> Iterator[Thing]:
    """Buckets, with how many copies are in them and until when those are locked."""
    asked = client("s3", region)

    def read(entry: Any) -> dict[str, str]:
        try:
            return tags(asked.get_bucket_tagging(Bucket=entry["Name"])["TagSet"])
        except ClientError as error:
            if code(error) in (
                "NoSuchTagSet",
                "NoSuchBucket",
                "AccessDenied",
                "PermanentRedirect",
                "IllegalLocationConstraintException",
            ):
                return {}
            raise

    for entry, found in _tagged(list(asked.list_buckets().get("Buckets") or ()), read, policy):
        yield Thing("bucket", entry["Name"], found, contents(entry["Name"], region))


def contents(bucket: str, region: str) -> dict[str, Any]:
    """How many versions a bucket holds, their bytes, and the day on which the last of them can go."""
    versions = pages("s3", region, "list_object_versions", "Versions", Bucket=bucket)
    found: dict[str, Any] = {"copies": len(versions), "bytes": sum(int(entry["Size"]) for entry in versions)}
    days = _lock_days(bucket, region)
    if versions and days:
        last = max(entry["LastModified"] for entry in versions) + timedelta(days=days)
        if last > datetime.now(UTC):
            found["locked_until"] = last.date().isoformat()
    return found


def _lock_days(bucket: str, region: str) -> int:
    try:
        found = client("s3", region).get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except ClientError:
        return 0
    rule = (found.get("Rule") or {}).get("DefaultRetention") or {}
    return int(rule.get("Days") or 0) + 365 * int(rule.get("Years") or 0)


def identities(policy: str, region: str) -> Iterator[Thing]:
    """Roles, users and what gives roles to machines."""
    asked = client("iam", region)
    for operation, key, kind in (
        ("list_roles", "Role", "role"),
        ("list_users", "User", "user"),
        ("list_instance_profiles", "InstanceProfile", "instance-profile"),
    ):
        name, one = f"{key}Name", getattr(asked, f"get_{kind.replace('-', '_')}")
        listed = pages("iam", region, operation, f"{key}s")

        def read(entry: Any, name: str = name, key: str = key, one: Any = one) -> dict[str, str]:
            return tags(one(**{name: entry[name]})[key].get("Tags"))

        ours = [entry for entry in listed if not entry["Path"].startswith(NOT_OURS)]
        for entry, found in _tagged(ours, read, policy):
            yield Thing(kind, entry[name], found)


def names(policy: str, region: str) -> Iterator[Thing]:
    """Zones and health checks of Route 53."""
    asked = client("route53", region)
    for operation, key, kind, resource in (
        ("list_hosted_zones", "HostedZones", "hosted-zone", "hostedzone"),
        ("list_health_checks", "HealthChecks", "health-check", "healthcheck"),
    ):

        def read(entry: Any, resource: str = resource) -> dict[str, str]:
            about = asked.list_tags_for_resource(ResourceType=resource, ResourceId=entry["Id"].rpartition("/")[2])
            return tags(about["ResourceTagSet"]["Tags"])

        for entry, found in _tagged(pages("route53", region, operation, key), read, policy):
            yield Thing(kind, entry["Id"].rpartition("/")[2], found)


def alarms(policy: str, region: str) -> Iterator[Thing]:
    """Alarms, and the topics that they speak to."""
    asked = client("cloudwatch", region)
    for entry, found in _tagged(
        pages("cloudwatch", region, "describe_alarms", "MetricAlarms"),
        lambda entry: tags(asked.list_tags_for_resource(ResourceARN=entry["AlarmArn"])["Tags"]),
        policy,
    ):
        yield Thing("alarm", entry["AlarmName"], found)
    topics = client("sns", region)
    for entry, found in _tagged(
        pages("sns", region, "list_topics", "Topics"),
        lambda entry: tags(topics.list_tags_for_resource(ResourceArn=entry["TopicArn"])["Tags"]),
        policy,
    ):
        yield Thing("topic", entry["TopicArn"], found)


def budgets(policy: str, region: str) -> Iterator[Thing]:
    """Budgets of the account."""
    account = identity(region)["account"]
    asked = client("budgets", region)

    def read(entry: Any) -> dict[str, str]:
        arn = f"arn:aws:budgets::{account}:budget/{entry['BudgetName']}"
        try:
            return tags(asked.list_tags_for_resource(ResourceARN=arn)["ResourceTags"])
        except FAILS:
            # Where tags of budgets cannot be read, their names say whose they are.
            return {POLICY: policy} if entry["BudgetName"].startswith(f"bascule-{policy}-") else {}

    for entry, found in _tagged(
        pages("budgets", region, "describe_budgets", "Budgets", AccountId=account), read, policy
    ):
        yield Thing("budget", entry["BudgetName"], found)


LISTERS: dict[str, Lister] = {
    "kms": keys,
    "s3": buckets,
    "iam": identities,
    "route 53": names,
    "cloudwatch and sns": alarms,
    "budgets": budgets,
}
