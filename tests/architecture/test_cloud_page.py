# SPDX-License-Identifier: Apache-2.0
"""The page on a standby in AWS knows everything that the program builds, and its identities may make and remove it."""

from __future__ import annotations

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cloud-aws.md").read_text(encoding="utf-8")
STACK = ROOT / "stacks" / "aws_standby"
# The longest that AWS lets a policy be, blanks not counted.
LONGEST = 6144
# Type that the program builds → what making, changing and removing it takes; `Get` and `Describe` go without saying.
TAKES = {
    "budgets.Budget": "budgets:ModifyBudget budgets:ViewBudget",
    "cloudwatch.MetricAlarm": "cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms",
    "ebs.Volume": "ec2:CreateVolume ec2:DeleteVolume ec2:ModifyVolume ec2:CreateTags kms:CreateGrant",
    "ec2.Eip": "ec2:AllocateAddress ec2:ReleaseAddress",
    "ec2.EipAssociation": "ec2:AssociateAddress ec2:DisassociateAddress",
    "ec2.Instance": "ec2:RunInstances ec2:TerminateInstances ec2:ModifyInstanceAttribute iam:PassRole kms:CreateGrant",
    "ec2.InternetGateway": "ec2:CreateInternetGateway ec2:AttachInternetGateway ec2:DeleteInternetGateway",
    "ec2.Route": "ec2:CreateRoute ec2:ReplaceRoute ec2:DeleteRoute",
    "ec2.RouteTable": "ec2:CreateRouteTable ec2:DeleteRouteTable",
    "ec2.RouteTableAssociation": "ec2:AssociateRouteTable ec2:DisassociateRouteTable",
    "ec2.SecurityGroup": "ec2:CreateSecurityGroup ec2:DeleteSecurityGroup",
    "ec2.Subnet": "ec2:CreateSubnet ec2:DeleteSubnet",
    "ec2.VolumeAttachment": "ec2:AttachVolume ec2:DetachVolume ec2:StopInstances",
    "ec2.Vpc": "ec2:CreateVpc ec2:DeleteVpc ec2:ModifyVpcAttribute",
    "ec2clientvpn.AuthorizationRule": "ec2:AuthorizeClientVpnIngress ec2:RevokeClientVpnIngress",
    "ec2clientvpn.Endpoint": "ec2:CreateClientVpnEndpoint ec2:DeleteClientVpnEndpoint",
    "ec2clientvpn.NetworkAssociation": "ec2:AssociateClientVpnTargetNetwork ec2:DisassociateClientVpnTargetNetwork",
    "iam.InstanceProfile": "iam:CreateInstanceProfile iam:AddRoleToInstanceProfile iam:DeleteInstanceProfile",
    "iam.Role": "iam:CreateRole iam:DeleteRole",
    "iam.RolePolicy": "iam:PutRolePolicy iam:DeleteRolePolicy",
    "iam.User": "iam:CreateUser iam:DeleteUser",
    "iam.UserPolicy": "iam:PutUserPolicy iam:DeleteUserPolicy",
    "kms.Alias": "kms:CreateAlias kms:DeleteAlias",
    "kms.Key": "kms:CreateKey kms:ScheduleKeyDeletion kms:EnableKeyRotation",
    "lb.Listener": "elasticloadbalancing:CreateListener elasticloadbalancing:DeleteListener",
    "lb.LoadBalancer": "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:DeleteLoadBalancer",
    "lb.TargetGroup": "elasticloadbalancing:CreateTargetGroup elasticloadbalancing:DeleteTargetGroup",
    "lb.TargetGroupAttachment": "elasticloadbalancing:RegisterTargets elasticloadbalancing:DeregisterTargets",
    "route53.HealthCheck": "route53:CreateHealthCheck route53:DeleteHealthCheck",
    "route53.Record": "route53:ChangeResourceRecordSets route53:GetChange",
    "route53.Zone": "route53:CreateHostedZone route53:DeleteHostedZone",
    "s3.Bucket": "s3:CreateBucket s3:DeleteBucket s3:PutBucketTagging",
    "s3.BucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3.BucketObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
    "s3.BucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "s3.BucketPolicy": "s3:PutBucketPolicy s3:DeleteBucketPolicy",
    "s3.BucketPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3.BucketServerSideEncryptionConfiguration": "s3:PutEncryptionConfiguration",
    "s3.BucketVersioning": "s3:PutBucketVersioning",
    "sns.Topic": "sns:CreateTopic sns:DeleteTopic",
    "sns.TopicPolicy": "sns:SetTopicAttributes",
    "vpc.SecurityGroupEgressRule": "ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress",
    "vpc.SecurityGroupIngressRule": "ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress",
}


def built() -> set[str]:
    """The types of AWS that the program makes."""
    code = "\n".join(path.read_text() for path in (STACK / "standby_aws" / "components").glob("*.py"))
    return set(re.findall(r"\baws\.([a-z0-9]+\.[A-Z][A-Za-z]+)(?=\()", code)) | set(
        re.findall(r"\(aws\.([a-z0-9]+\.[A-Z][A-Za-z]+),", code)
    )


def policies() -> list[dict[str, Any]]:
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]


def allowed(policy: dict[str, Any]) -> list[str]:
    found = [statement["Action"] for statement in policy["Statement"]]
    return [action for actions in found for action in ([actions] if isinstance(actions, str) else actions)]


def test_everything_that_is_built_is_in_the_table() -> None:
    table = PAGE.partition("## What it makes")[2].partition("## What it costs")[0]
    told = set(re.findall(r"`([a-z0-9]+\.[A-Z][A-Za-z]+)`", table))
    assert built()
    assert told == built()


def test_who_builds_may_make_and_remove_all_of_it() -> None:
    assert set(TAKES) == built()
    patterns = [action for policy in policies()[:2] for action in allowed(policy)]
    wanted = {action for actions in TAKES.values() for action in actions.split()}
    assert [a for a in sorted(wanted) if not any(fnmatch.fnmatchcase(a, pattern) for pattern in patterns)] == []


def test_who_builds_may_ask_what_the_drivers_ask() -> None:
    """What boto3 is asked by name in the part of the program that looks at the account."""
    services = {
        "ec2": "ec2",
        "kms": "kms",
        "iam": "iam",
        "route53": "route53",
        "sns": "sns",
        "cloudwatch": "cloudwatch",
    }
    patterns = [action for policy in policies()[:2] for action in allowed(policy)]
    code = (
        "\n".join(path.read_text() for path in (STACK / "account").glob("*.py")) if (STACK / "account").is_dir() else ""
    )
    for service, operation in re.findall(r'client\("([a-z0-9]+)", \w+\)\.([a-z_]+)\(', code):
        action = f"{services.get(service, '')}:{''.join(word.title() for word in operation.split('_'))}"
        assert service not in services or any(fnmatch.fnmatchcase(action, one) for one in patterns), action


def test_policies_are_short_enough_and_those_that_look_change_nothing() -> None:
    found = policies()
    assert len(found) == 5
    assert all(len(re.sub(r"\s", "", json.dumps(policy))) <= LONGEST for policy in found)
    assert all(re.match(r"[a-z0-9]+:(Get|List|Describe)", action) for action in allowed(found[3]))


def test_the_sums_are_right() -> None:
    rows = re.findall(r"^\| (.*?) \|.*\| ([–\d.*]+) \| ([–\d.*]+) \|$", PAGE, re.MULTILINE)
    figures = [[float(text.strip("*").replace("–", "0")) for text in row[1:]] for row in rows]
    assert len(rows) == 8
    for column in (0, 1):
        assert round(sum(figure[column] for figure in figures[:-1]), 2) == figures[-1][column]
    prices = json.loads((STACK / "pack" / "prices.json").read_text())
    hour = prices["dollars_an_hour"]["t3.small"] * prices["factor_of_region"]["eu-west-3"]
    assert figures[0][0] == round(3 * hour * prices["hours_a_month"], 2)
    assert prices["as_of"] in PAGE
