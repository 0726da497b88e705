# SPDX-License-Identifier: Apache-2.0
"""What a demonstration is told after a teardown: what is there, and not what has ended or goes by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from bascule_double.session import Session

pytestmark = pytest.mark.slow
REGION = "eu-west-3"
TAG = {"Key": "bascule:policy", "Value": "left"}


def told(endpoint: str) -> list[str]:
    """The kinds of things that are said to be there."""
    command = [sys.executable, "-m", "bascule_double", "left", endpoint, "left", REGION]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    return [arn.split(":")[5].split("/")[0] for arn in json.loads(said)]


def tagged(kind: str, *tags: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": list(tags)}]


def test_what_is_there_and_what_has_gone(opened: Session) -> None:
    ec2, kms = opened.client("ec2"), opened.client("kms")
    endpoint = ec2.meta.endpoint_url
    vpc = ec2.create_vpc(CidrBlock="10.78.0.0/16", TagSpecifications=tagged("vpc", TAG))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.78.0.0/20")["Subnet"]["SubnetId"]
    image = ec2.describe_images(Owners=["136693071363"])["Images"][0]["ImageId"]
    machines = [
        ec2.run_instances(ImageId=image, InstanceType="t3.small", MinCount=1, MaxCount=1, SubnetId=subnet,
                          TagSpecifications=tagged("instance", tag))["Instances"][0]["InstanceId"]
        for tag in (TAG, {**TAG, "Value": "another"})
    ]  # fmt: skip
    key = kms.create_key(Tags=[{"TagKey": TAG["Key"], "TagValue": TAG["Value"]}])["KeyMetadata"]["KeyId"]
    assert told(endpoint) == ["instance", "vpc", "key"]
    ec2.terminate_instances(InstanceIds=machines)
    kms.schedule_key_deletion(KeyId=key)
    assert told(endpoint) == ["vpc"]
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    assert told(endpoint) == []
