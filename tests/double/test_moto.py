# SPDX-License-Identifier: Apache-2.0
"""What moto lets pass and AWS does not, asked as anybody asks AWS: a cure that is no longer applied fails here."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bascule_double.config import Settings
from bascule_double.errors import DoubleError
from bascule_double.session import Session
from bascule_double.session import opened as open_session

pytestmark = pytest.mark.slow
TAG = [{"Key": "bascule:policy", "Value": "moto"}]


def refused(ask: Callable[[], Any]) -> str:
    """The code with which a request is refused."""
    with pytest.raises(ClientError) as caught:
        ask()
    return str(caught.value.response["Error"]["Code"])


class Site:
    """A network with an instance in it that has a public address."""

    def __init__(self, session: Session) -> None:
        self.ec2 = ec2 = session.client("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        zone = {"AvailabilityZone": "eu-west-3a"}
        self.subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.77.0.0/20", **zone)["Subnet"]["SubnetId"]
        self.group = self.make_group("machines")
        self.image = ec2.describe_images(Owners=["136693071363"])["Images"][0]["ImageId"]
        self.instance = self.run("10.77.0.11")
        self.address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        ec2.associate_address(AllocationId=self.address, InstanceId=self.instance)

    def make_group(self, name: str) -> str:
        return str(self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"])

    def run(self, address: str, kind: str = "t3.small", image: str = "") -> str:
        card = {"DeviceIndex": 0, "SubnetId": self.subnet, "PrivateIpAddress": address, "Groups": [self.group]}
        words = {"ImageId": image or self.image, "InstanceType": kind, "MinCount": 1, "MaxCount": 1}
        made = self.ec2.run_instances(**words, NetworkInterfaces=[card | {"DeleteOnTermination": True}])
        return str(made["Instances"][0]["InstanceId"])


@pytest.fixture(scope="module")
def site(opened: Session) -> Site:
    return Site(opened)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda site: site.ec2.delete_vpc(VpcId=site.vpc), "DependencyViolation"),
        (lambda site: site.ec2.delete_subnet(SubnetId=site.subnet), "DependencyViolation"),
        (lambda site: site.ec2.delete_security_group(GroupId=site.group), "DependencyViolation"),
        (
            lambda site: site.ec2.detach_internet_gateway(InternetGatewayId=site.gateway, VpcId=site.vpc),
            "DependencyViolation",
        ),
        (lambda site: site.ec2.release_address(AllocationId=site.address), "InvalidIPAddress.InUse"),
        (lambda site: site.run("10.77.0.11"), "InvalidIPAddress.InUse"),
        (lambda site: site.run("10.99.0.11"), "InvalidParameterValue"),
        (lambda site: site.run("10.77.0.3"), "InvalidParameterValue"),
        (lambda site: site.run("10.77.0.12", kind="t9.huge"), "InvalidInstanceType.NotFound"),
        (lambda site: site.run("10.77.0.12", image="ami-0123456789abcdef0"), "InvalidAMIID.NotFound"),
    ],
)
def test_what_is_needed_stays_and_what_cannot_be_is_not_made(site: Site, ask: Callable[[Site], Any], code: str) -> None:
    assert refused(lambda: ask(site)) == code


def test_a_group_that_a_rule_names_stays(site: Site) -> None:
    named, naming = site.make_group("named"), site.make_group("naming")
    rule = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": named}]}
    site.ec2.authorize_security_group_ingress(GroupId=naming, IpPermissions=[rule])
    assert refused(lambda: site.ec2.delete_security_group(GroupId=named)) == "DependencyViolation"
    site.ec2.delete_security_group(GroupId=naming)
    site.ec2.delete_security_group(GroupId=named)


def test_with_an_instance_go_its_card_and_its_use_of_the_address(opened: Session, site: Site) -> None:
    one = site.run("10.77.0.21")
    address = site.ec2.allocate_address(Domain="vpc")["AllocationId"]
    site.ec2.associate_address(AllocationId=address, InstanceId=one)
    site.ec2.terminate_instances(InstanceIds=[one])
    site.ec2.release_address(AllocationId=address)
    again = site.run("10.77.0.21")
    site.ec2.terminate_instances(InstanceIds=[again])


def test_no_public_address_is_anybodys(site: Site) -> None:
    nobody = ipaddress.IPv4Network("198.18.0.0/15")
    for _ in range(3):
        made = site.ec2.allocate_address(Domain="vpc")
        assert ipaddress.IPv4Address(made["PublicIp"]) in nobody
        site.ec2.release_address(AllocationId=made["AllocationId"])


def test_a_disk_of_another_zone_is_not_attached(site: Site) -> None:
    volume = site.ec2.create_volume(AvailabilityZone="eu-west-3b", Size=1)["VolumeId"]
    words = {"VolumeId": volume, "InstanceId": site.instance, "Device": "/dev/sdf"}
    assert refused(lambda: site.ec2.attach_volume(**words)) == "InvalidVolume.ZoneMismatch"


def test_a_balancer_is_in_two_zones(opened: Session, site: Site) -> None:
    elb = opened.client("elbv2")
    assert refused(lambda: elb.create_load_balancer(Name="one", Subnets=[site.subnet])) == "ValidationError"


def test_a_user_with_a_key_stays(opened: Session) -> None:
    iam = opened.client("iam")
    iam.create_user(UserName="with-a-key")
    key = iam.create_access_key(UserName="with-a-key")["AccessKey"]["AccessKeyId"]
    assert refused(lambda: iam.delete_user(UserName="with-a-key")) == "DeleteConflict"
    iam.delete_access_key(UserName="with-a-key", AccessKeyId=key)
    iam.delete_user(UserName="with-a-key")


def test_a_locked_bucket_keeps_its_versions(opened: Session) -> None:
    s3 = opened.client("s3")
    place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-3"}}
    s3.create_bucket(Bucket="locked-copies", ObjectLockEnabledForBucket=True, **place)
    off = {"Bucket": "locked-copies", "VersioningConfiguration": {"Status": "Suspended"}}
    assert refused(lambda: s3.put_bucket_versioning(**off)) == "InvalidBucketState"


def test_only_who_comes_without_tls_is_refused(opened: Session) -> None:
    s3 = opened.client("s3")
    s3.create_bucket(Bucket="by-tls", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::by-tls/*"}
    by_tls = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    for statements, code in (([by_tls], None), ([by_tls, deny], "403")):
        policy = {"Version": "2012-10-17", "Statement": statements}
        s3.put_bucket_policy(Bucket="by-tls", Policy=json.dumps(policy))
        if code:
            assert refused(lambda: s3.put_object(Bucket="by-tls", Key="a", Body=b"x")) == code
        else:
            s3.put_object(Bucket="by-tls", Key="a", Body=b"x")


def test_new_user_data_is_taken_as_it_is(site: Site) -> None:
    site.ec2.modify_instance_attribute(InstanceId=site.instance, UserData={"Value": b"#cloud-config\n{}\n"})


def test_an_address_that_was_forgotten_is_found_by_its_tag(opened: Session, site: Site) -> None:
    words = {"TagSpecifications": [{"ResourceType": "elastic-ip", "Tags": TAG}]}
    made = site.ec2.allocate_address(Domain="vpc", **words)["AllocationId"]
    service = opened.client("resourcegroupstaggingapi")
    filters = [{"Key": TAG[0]["Key"], "Values": [TAG[0]["Value"]]}]
    found = service.get_resources(TagFilters=filters)["ResourceTagMappingList"]
    assert [one["ResourceARN"].rpartition("/")[2] for one in found] == [made]
    site.ec2.release_address(AllocationId=made)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("136693071363", "debian-12-amd64-*"),
        ("136693071363", "debian-13-amd64-*"),
        ("099720109477", "ubuntu/images/hvm-ssd*/ubuntu-jammy-22.04-amd64-server-*"),
        ("099720109477", "ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-amd64-server-*"),
    ],
)
def test_images_are_found_and_there_is_a_newest_one(site: Site, owner: str, name: str) -> None:
    found = site.ec2.describe_images(Owners=[owner], Filters=[{"Name": "name", "Values": [name]}])["Images"]
    assert len({one["CreationDate"] for one in found}) == 2


def test_accounts_that_are_not_allowed_are_refused(endpoint: str) -> None:
    settings = Settings("eu-west-3", {"": endpoint}, access_key="a", secret_key="b", allowed=("210987654321",))
    with pytest.raises(DoubleError, match="AWS account ID not allowed: 123456789012"):
        open_session(settings, None)


def test_a_gateway_alone_keeps_its_network(site: Site) -> None:
    vpc = site.ec2.create_vpc(CidrBlock="10.78.0.0/16")["Vpc"]["VpcId"]
    gateway = site.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    site.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert refused(lambda: site.ec2.delete_vpc(VpcId=vpc)) == "DependencyViolation"
    site.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    site.ec2.delete_vpc(VpcId=vpc)
