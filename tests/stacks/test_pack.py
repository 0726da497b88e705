# SPDX-License-Identifier: Apache-2.0
"""The policy pack's rules, as functions; the engine runs the same ones in `test_pack_engine`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plans import ROOT, plan
from pulumi_policy import ResourceValidationArgs, ResourceValidationPolicy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy
from standby_rules import RULES, STACK_RULES, buckets, budget, encryption, ssh, tags
from standby_rules.built import BUCKET, Built
from standby_rules.policies import policies

PACK = ROOT / "stacks" / "aws_standby" / "pack"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
OLD = "aws:ec2/securityGroupRule:SecurityGroupRule"
INSTANCE = "aws:ec2/instance:Instance"
VOLUME = "aws:ebs/volume:Volume"
OURS = {"bascule:policy": "atelier", "bascule:plan": "0123456789ab", "bascule:phase": "protect"}
Check = Callable[..., Any]


def said(check: Check, kind: str, props: dict[str, Any], known: Any = None) -> list[str]:
    return list(check(kind, props, known))


def rule(**fields: Any) -> dict[str, Any]:
    return {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, **fields}


@pytest.mark.parametrize(
    ("kind", "props"),
    [
        (INGRESS, rule(cidrIpv4="0.0.0.0/0")),
        (INGRESS, rule(cidrIpv4="128.0.0.0/1")),
        (INGRESS, rule(cidrIpv6="::/0")),
        (INGRESS, rule(fromPort=0, toPort=1024, cidrIpv4="0.0.0.0/0")),
        (INGRESS, {"ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}),
        (GROUP, {"ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]}),
        (OLD, {"type": "ingress", "protocol": "tcp", "fromPort": 22, "toPort": 22, "ipv6CidrBlocks": ["::/0"]}),
    ],
)
def test_open_ssh_is_found(kind: str, props: dict[str, Any]) -> None:
    assert len(said(ssh.open_to_the_world, kind, props)) == 1


@pytest.mark.parametrize(
    ("kind", "props"),
    [
        (INGRESS, rule(cidrIpv4="203.0.113.7/32")),
        (INGRESS, rule(cidrIpv4="10.0.0.0/8")),
        (INGRESS, rule(fromPort=443, toPort=443, cidrIpv4="0.0.0.0/0")),
        (INGRESS, {"ipProtocol": "udp", "fromPort": 22, "toPort": 22, "cidrIpv4": "0.0.0.0/0"}),
        (INGRESS, rule(referencedSecurityGroupId="sg-1")),
        (GROUP, {}),
        (OLD, {"type": "egress", "protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}),
        (INSTANCE, {}),
    ],
)
def test_what_is_not_open_ssh_is_left_alone(kind: str, props: dict[str, Any]) -> None:
    assert said(ssh.open_to_the_world, kind, props) == []


def test_public_buckets_are_found() -> None:
    closed = dict.fromkeys(buckets.FOUR, True)
    assert said(buckets.open_to_all, buckets.BLOCK, closed) == []
    assert len(said(buckets.open_to_all, buckets.BLOCK, {**closed, "blockPublicAcls": False})) == 1
    assert len(said(buckets.open_to_all, buckets.BLOCK, {})) == 4
    assert len(said(buckets.open_to_all, buckets.ACLS[0], {"acl": "public-read"})) == 1
    assert said(buckets.open_to_all, buckets.ACLS[0], {"acl": "private"}) == []


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:x", "*"]}])
def test_a_bucket_whose_policy_allows_anybody_is_found(principal: Any) -> None:
    def policy(effect: str) -> dict[str, Any]:
        statement = {"Effect": effect, "Principal": principal, "Action": "s3:GetObject", "Resource": "*"}
        return {"policy": json.dumps({"Statement": [statement]})}

    assert len(said(buckets.open_to_all, buckets.POLICY, policy("Allow"))) == 1
    assert said(buckets.open_to_all, buckets.POLICY, policy("Deny")) == []


def test_a_bucket_without_its_companions_is_found() -> None:
    alone = [Built(BUCKET, "urn:a", {}), Built(BUCKET, "urn:b", {})]
    served = [
        Built(buckets.BLOCK, "urn:c", {"bucket": ["urn:a"]}),
        Built(encryption.BUCKET, "urn:d", {"bucket": ["urn:a"]}),
    ]
    for each in STACK_RULES:
        assert [urn for urn, _ in each.check(alone)] == ["urn:a", "urn:b"]
        assert [urn for urn, _ in each.check([*alone, *served])] == ["urn:b"]


def test_disks_in_the_clear_are_found() -> None:
    assert len(said(encryption.not_encrypted, VOLUME, {})) == 1
    assert said(encryption.not_encrypted, VOLUME, {"encrypted": True}) == []
    assert len(said(encryption.not_encrypted, INSTANCE, {})) == 1
    disk = {"rootBlockDevice": {"encrypted": True}}
    assert said(encryption.not_encrypted, INSTANCE, disk) == []
    assert len(said(encryption.not_encrypted, INSTANCE, {**disk, "ebsBlockDevices": [{"deviceName": "/dev/sdg"}]})) == 1


def test_missing_tags_are_found() -> None:
    assert said(tags.missing, VOLUME, {"tags": OURS}) == []
    assert len(said(tags.missing, VOLUME, {})) == 3
    assert len(said(tags.missing, INSTANCE, {"tags": OURS})) == 1
    (only,) = said(tags.missing, VOLUME, {"tags": {**OURS, "bascule:drill": "june"}})
    assert "bascule:expires" in only
    assert said(tags.missing, "aws:ec2/route:Route", {}) == []


def machine(kind: str, **more: str) -> dict[str, Any]:
    return {"instanceType": kind, "tags": {**OURS, **more}}


def test_a_machine_above_the_budget_is_found() -> None:
    (told,) = said(budget.above, INSTANCE, machine("m5.2xlarge"), plan())
    assert "more than the whole site may (120 EUR)" in told
    assert said(budget.above, INSTANCE, machine("t3.small"), plan()) == []
    assert said(budget.above, INSTANCE, machine("m5.2xlarge"), plan(budget=None)) == []


def test_money_does_not_stop_a_recovery_but_is_told() -> None:
    late = machine("m5.2xlarge", **{"bascule:phase": "activate"})
    assert said(budget.above, INSTANCE, late, plan()) == []
    assert len(said(budget.above_in_activation, INSTANCE, late, plan())) == 1
    drill = machine("m5.2xlarge", **{"bascule:phase": "activate", "bascule:drill": "june"})
    assert len(said(budget.above, INSTANCE, drill, plan())) == 1
    assert {one.name: one.mandatory for one in RULES}["budget-of-activation"] is False


def test_what_is_not_known_is_not_taken_for_cheap() -> None:
    assert "is not known" in said(budget.above, INSTANCE, machine("x9.huge"), plan())[0]
    assert "XAF" in said(budget.above, INSTANCE, machine("t3.small"), plan(budget={"amount": 9, "currency": "XAF"}))[0]
    assert "no plan" in said(budget.above, INSTANCE, machine("t3.small"), None)[0]


def test_prices_are_dated_and_say_where_they_are_from() -> None:
    prices = json.loads((PACK / "prices.json").read_text())
    assert prices["as_of"] >= "2025-01-01"
    assert "aws.amazon.com" in prices["source"]
    for size in ("t3.small", "t3.medium", "t3.large"):
        assert prices["dollars_an_hour"][size] > 0
    assert budget.dollars_a_month("t3.small", "us-east-1") == pytest.approx(15.184)
    # Where no factor is known, the dearest is taken.
    assert budget.dollars_a_month("t3.small", "nowhere-1") > budget.dollars_a_month("t3.small", "eu-central-2")  # type: ignore[operator]


def test_rules_are_policies_of_the_engine() -> None:
    """The library of the engine asks them as ours are asked here; what is not known yet is no violation."""
    found: list[str] = []
    open_ssh = next(one for one in policies() if one.name == "no-open-ssh")
    assert isinstance(open_ssh, ResourceValidationPolicy)
    for props in (rule(cidrIpv4="0.0.0.0/0"), unknown_checking_proxy(rule(cidrIpv4=UNKNOWN_STRING_VALUE))):
        args = ResourceValidationArgs(INGRESS, props, "urn", "n", None, None)  # type: ignore[arg-type]
        open_ssh.validate(args, lambda message, urn=None: found.append(message))
    assert len(found) == 1
    assert {one.name for one in policies()} == {one.name for one in (*RULES, *STACK_RULES)}


def test_the_pack_is_a_program_too() -> None:
    program = PACK / "pulumi-analyzer-bascule"
    assert program.stat().st_mode & 0o111
    assert Path(PACK / "PulumiPolicy.yaml").exists()
