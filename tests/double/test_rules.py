# SPDX-License-Identifier: Apache-2.0
"""What is refused, what is taken in another shape, and what a change does: the rules, without moto."""

from __future__ import annotations

from typing import Any

import pytest

from bascule_double.check import check
from bascule_double.diff import diff
from bascule_double.errors import DoubleError
from bascule_double.naming import named
from bascule_double.provider import Asked
from bascule_double.types import TYPES
from bascule_double.values import UNKNOWN, UNKNOWN_TEXT, from_struct, to_struct

VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
INGRESS, INSTANCE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:ec2/instance:Instance"
GROUP, ROUTE, KEY = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/route:Route", "aws:kms/key:Key"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
RULE = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "10.0.0.0/8"}
MACHINE = {"ami": "ami-1", "instanceType": "t3.small", "userData": "a"}
COST = {"budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "120", "limitUnit": "EUR"}
ALARM = {
    "comparisonOperator": "LessThanThreshold", "evaluationPeriods": 1, "metricName": "m", "namespace": "n",
    "period": 60, "statistic": "Sum", "threshold": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("token", "inputs", "where", "why"),
    [
        (VPC, {"cidrBlock": "10.20.0.0/99"}, "cidrBlock", "no range of IPv4 addresses"),
        (VPC, {"cidrBlock": "10.20.0.1/16"}, "cidrBlock", "has host bits set"),
        (VPC, {"cidrBlock": "10.0.0.0/8"}, "cidrBlock", "/16 to /28"),
        (VPC, {"cidrBlok": "10.20.0.0/16"}, "cidrBlok", "did you mean 'cidrBlock'?"),
        (VPC, {"cidrBlock": "10.20.0.0/16", "instanceTenancy": "host"}, "instanceTenancy", "default, dedicated"),
        (VPC, {"cidrBlock": "10.20.0.0/16", "enableDnsSupport": "perhaps"}, "enableDnsSupport", "true or false"),
        (VPC, {"cidrBlock": "10.20.0.0/16", "tags": {"aws:x": "y"}}, "tags", "not from aws:"),
        (VPC, {"cidrBlock": "10.20.0.0/16", "tags": {"x": "y" * 257}}, "tags", "at most 256"),
        (VPC, {"cidrBlock": "10.20.0.0/16", "tags": {"x": "a;b"}}, "tags", "the value of a tag"),
        (SUBNET, {"cidrBlock": "10.20.0.0/20"}, "vpcId", "it is missing"),
        (GROUP, {"description": ""}, "description", "1 to 255"),
        (GROUP, {"description": "l'accès"}, "description", "letters"),
        (INGRESS, RULE | {"fromPort": 70000}, "fromPort", "more than 65535"),
        (INGRESS, RULE | {"fromPort": 23}, "fromPort", "more than toPort"),
        (INGRESS, RULE | {"ipProtocol": "-1"}, "fromPort", "no ports"),
        (INGRESS, RULE | {"referencedSecurityGroupId": "sg-2"}, "cidrIpv4", "exactly one of"),
        (INGRESS, {"securityGroupId": "sg-1", "ipProtocol": "tcp", "cidrIpv4": "10.0.0.0/8"}, "fromPort", "required"),
        (ROUTE, {"routeTableId": "r", "destinationCidrBlock": "0.0.0.0/0"}, "gatewayId", "exactly one target"),
        (INSTANCE, {"ami": "ami-1"}, "instanceType", "needs 'instanceType'"),
        (INSTANCE, MACHINE | {"privateIp": "10.20.0.300"}, "privateIp", "no IPv4 address"),
        (
            INSTANCE,
            MACHINE | {"metadataOptions": {"httpTokens": "yes"}},
            "metadataOptions.httpTokens",
            "optional, required",
        ),
        (INSTANCE, MACHINE | {"metadataOptions": {"httpToken": "x"}}, "metadataOptions.httpToken", "did you mean"),
        (INSTANCE, MACHINE | {"rootBlockDevice": {"volumeType": "gp9"}}, "rootBlockDevice.volumeType", "gp3"),
        (INSTANCE, MACHINE | {"userDataBase64": "YQ=="}, "userData", "conflicts"),
        (KEY, {"deletionWindowInDays": 3}, "deletionWindowInDays", "less than 7"),
        (KEY, {"policy": "{"}, "policy", "no JSON"),
        ("aws:kms/alias:Alias", {"name": "standby", "targetKeyId": "k"}, "name", "alias/"),
        ("aws:s3/bucket:Bucket", {"bucket": "My_Bucket"}, "bucket", "no name of a bucket"),
        ("aws:s3/bucket:Bucket", {"bucket": "10.0.0.1"}, "bucket", "no name of a bucket"),
        (
            LOCK,
            {"bucket": "b", "rule": {"defaultRetention": {"mode": "GOVERNANCE"}}},
            "rule.defaultRetention",
            "exactly one",
        ),
        (
            LOCK,
            {"bucket": "b", "rule": {"defaultRetention": {"mode": "SOFT", "days": 1}}},
            "rule.defaultRetention.mode",
            "COMPL",
        ),
        (LIFECYCLE, {"bucket": "b", "rules": [{"id": "a", "status": "On"}]}, "rules[0].status", "Enabled, Disabled"),
        (LIFECYCLE, {"bucket": "b", "rules": [{"status": "Enabled"}]}, "rules[0].id", "it is missing"),
        ("aws:iam/role:Role", {"assumeRolePolicy": "[]"}, "assumeRolePolicy", "no JSON object"),
        ("aws:iam/user:User", {"name": "l'atelier"}, "name", "a name of letters"),
        (
            "aws:route53/record:Record",
            {"zoneId": "Z", "name": "a", "type": "B", "ttl": 60, "records": []},
            "type",
            "AAAA",
        ),
        ("aws:route53/record:Record", {"zoneId": "Z", "name": "a", "type": "A", "records": []}, "ttl", "required"),
        (
            "aws:route53/healthCheck:HealthCheck",
            {"type": "CLOUDWATCH_METRIC", "cloudwatchAlarmRegion": "eu-west-3"},
            "cloudwatchAlarmName",
            "needs",
        ),
        ("aws:route53/healthCheck:HealthCheck", {"type": "TCP", "ipAddress": "10.0.0.1"}, "port", "needs 'port'"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", ALARM | {"period": 90}, "period", "multiple of 60"),
        ("aws:budgets/budget:Budget", COST | {"timeUnit": "WEEKLY"}, "timeUnit", "MONTHLY"),
        ("aws:budgets/budget:Budget", COST | {"limitAmount": "120 €"}, "limitAmount", "an amount"),
        ("aws:ec2/eipAssociation:EipAssociation", {"allocationId": "a"}, "instanceId", "not both"),
        ("aws:ebs/volume:Volume", {"availabilityZone": "eu-west-3a"}, "size", "at least one of"),
    ],
)
def test_what_is_refused(token: str, inputs: dict[str, Any], where: str, why: str) -> None:
    _kept, failures = check(TYPES[token], inputs)
    assert [key for key, _reason in failures] == [where]
    assert why in failures[0][1]


def test_all_that_is_wrong_is_reported() -> None:
    _kept, failures = check(TYPES[SUBNET], {"cidrBlock": "x", "vpcIdd": "v", "mapPublicIpOnLaunch": 3})
    assert [key for key, _reason in failures] == ["cidrBlock", "vpcIdd", "mapPublicIpOnLaunch", "vpcId"]


def test_what_is_not_known_yet_passes() -> None:
    inputs = {"vpcId": UNKNOWN, "cidrBlock": UNKNOWN, "tags": {"a": UNKNOWN}, "mapPublicIpOnLaunch": UNKNOWN}
    assert check(TYPES[SUBNET], inputs) == (inputs, [])


def test_values_are_converted_as_the_provider_does() -> None:
    written = RULE | {"fromPort": "22", "toPort": "22"}
    assert check(TYPES[INGRESS], written) == (RULE, [])
    kept, failures = check(TYPES[VPC], {"cidrBlock": "10.20.0.0/16", "enableDnsSupport": "true", "tags": {"n": 1}})
    assert (kept["enableDnsSupport"], kept["tags"], failures) == (True, {"n": "1"}, [])


def test_types_that_are_not_known_are_refused() -> None:
    asked = Asked.of("urn:pulumi:standby::bascule-atelier::pkg:index:Part$aws:rds/instance:Instance::db")
    assert asked == Asked("aws:rds/instance:Instance", "db")
    with pytest.raises(DoubleError, match="no resource type aws:rds/instance:Instance"):
        _ = asked.type


def test_a_name_is_made_once_and_kept() -> None:
    role, written = TYPES["aws:iam/role:Role"], {"assumeRolePolicy": "{}"}
    first = named(role, written, {}, "machines", b"1", None)
    assert first["name"].startswith("machines-")
    assert len(first["name"]) == len("machines-") + 7
    assert named(role, written, first, "machines", b"2", None)["name"] == first["name"]
    assert named(role, written, {}, "machines", b"2", None)["name"] != first["name"]
    assert named(role, written, {}, "machines", b"2", "proposed")["name"] == "proposed"
    assert named(role, written | {"name": "mine"}, first, "machines", b"2", None)["name"] == "mine"
    assert len(named(role, written, {}, "m" * 90, b"1", None)["name"]) == 64
    assert named(TYPES["aws:s3/bucket:Bucket"], {}, {}, "Copies", b"1", None)["bucket"].startswith("copies-")


@pytest.mark.parametrize(
    ("token", "state", "old", "new", "changed", "replaces"),
    [
        (VPC, {}, {"cidrBlock": "a"}, {"cidrBlock": "a"}, [], []),
        (VPC, {}, {"cidrBlock": "a"}, {"cidrBlock": "b"}, ["cidrBlock"], ["cidrBlock"]),
        (VPC, {}, {"cidrBlock": "a"}, {"cidrBlock": UNKNOWN}, ["cidrBlock"], ["cidrBlock"]),
        (VPC, {}, {"tags": {"a": "b"}}, {"tags": {"a": "c"}}, ["tags"], []),
        (VPC, {}, {"tags": {"a": "b"}}, {}, ["tags"], []),
        # What is the default already, or what AWS chose already, is no change; nor is leaving it out again.
        (VPC, {}, {}, {"enableDnsSupport": True}, [], []),
        (VPC, {}, {"enableDnsSupport": True}, {}, [], []),
        (VPC, {}, {"enableDnsSupport": False}, {}, ["enableDnsSupport"], []),
        (SUBNET, {"availabilityZone": "eu-west-3a"}, {}, {"availabilityZone": "eu-west-3a"}, [], []),
        (
            SUBNET,
            {"availabilityZone": "eu-west-3a"},
            {},
            {"availabilityZone": "eu-west-3b"},
            ["availabilityZone"],
            ["availabilityZone"],
        ),
        (SUBNET, {}, {"availabilityZone": "eu-west-3a"}, {}, [], []),
        # Sets have no order, policies no layout.
        (INSTANCE, {}, {"vpcSecurityGroupIds": ["a", "b"]}, {"vpcSecurityGroupIds": ["b", "a"]}, [], []),
        (KEY, {}, {"policy": '{"a": ["x"], "b": 1}'}, {"policy": '{"b":1,"a":"x"}'}, [], []),
        # User data is changed in place unless it is asked otherwise; encryption of the root disk never is.
        (INSTANCE, {}, {"userData": "a"}, {"userData": "b"}, ["userData"], []),
        (
            INSTANCE,
            {},
            {"userData": "a", "userDataReplaceOnChange": True},
            {"userData": "b", "userDataReplaceOnChange": True},
            ["userData"],
            ["userData"],
        ),
        (
            INSTANCE,
            {},
            {"rootBlockDevice": {"volumeSize": 8}},
            {"rootBlockDevice": {"volumeSize": 16}},
            ["rootBlockDevice"],
            [],
        ),
        (
            INSTANCE,
            {},
            {"rootBlockDevice": {"encrypted": False}},
            {"rootBlockDevice": {"encrypted": True}},
            ["rootBlockDevice"],
            ["rootBlockDevice"],
        ),
        # A rule of a security group stays while its source is of the same kind.
        (INGRESS, {}, {"cidrIpv4": "10.0.0.0/8"}, {"cidrIpv4": "10.0.0.0/9"}, ["cidrIpv4"], []),
        (
            INGRESS,
            {},
            {"cidrIpv4": "10.0.0.0/8"},
            {"referencedSecurityGroupId": "sg"},
            ["cidrIpv4", "referencedSecurityGroupId"],
            ["cidrIpv4", "referencedSecurityGroupId"],
        ),
        # Nothing of an association can be changed in place.
        (
            "aws:ec2/eipAssociation:EipAssociation",
            {},
            {"instanceId": "i-1"},
            {"instanceId": "i-2"},
            ["instanceId"],
            ["instanceId"],
        ),
    ],
)
def test_what_a_change_does(
    token: str, state: dict[str, Any], old: dict[str, Any], new: dict[str, Any], changed: list[str], replaces: list[str]
) -> None:
    found = diff(TYPES[token], state, old, new)
    assert (list(found.changed), list(found.replaces)) == (changed, replaces)


def test_what_is_ignored_changes_nothing() -> None:
    assert diff(TYPES[VPC], {}, {"cidrBlock": "a"}, {"cidrBlock": "b"}, ["cidrBlock"]).changed == ()


def test_one_with_a_written_name_goes_before_the_new_one_comes() -> None:
    role = TYPES["aws:iam/role:Role"]
    old = {"name": "mine", "path": "/", "__defaults": []}
    assert diff(role, {}, old, old | {"path": "/firm/"}).delete_first
    given = old | {"__defaults": ["name"]}
    assert not diff(role, {}, given, given | {"path": "/firm/"}).delete_first
    assert not diff(role, {}, old, old | {"name": "other"}).delete_first


def test_the_wire() -> None:
    values = {"a": [1, 2.5, "x", True], "b": {"c": UNKNOWN}, "d": None}
    struct = to_struct(values)
    assert struct["b"]["c"] == UNKNOWN_TEXT
    back = from_struct(struct)
    assert back == {"a": [1, 2.5, "x", True], "b": {"c": UNKNOWN}}
    assert isinstance(back["a"][0], int)
    secret = {"s": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hush"}}
    assert from_struct(to_struct(secret)) == {"s": "hush"}
