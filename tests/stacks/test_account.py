# SPDX-License-Identifier: Apache-2.0
"""The account itself, asked by tags: what is left, what it costs, what goes and what does not. moto is a double."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from account import listing, prices, proof, status, undo
from automation.ask import Ask
from automation.trouble import Trouble

from ..aws_double import serving

pytestmark = pytest.mark.slow

REGION = "eu-west-3"
OURS = {"bascule:policy": "atelier"}


def pairs(**more: str) -> list[dict[str, str]]:
    named = {f"bascule:{key}": value for key, value in more.items()}
    return [{"Key": key, "Value": value} for key, value in {**OURS, **named}.items()]


@lru_cache(maxsize=16)
def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def spec(kind: str, **more: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": pairs(**more)}]


def ask(do: str = "left", **facts: Any) -> Ask:
    return Ask(do, Path("/nowhere"), "atelier", facts={"region": REGION, "pause_s": 0.01, "limit_s": 5, **facts})


def nothing(event: str, **fields: Any) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """moto in a process of its own, with what it lets pass and AWS does not cured."""
    with serving() as url:
        yield url


@pytest.fixture(autouse=True)
def account(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account with nothing in it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "double")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST"), timeout=30).close()


@lru_cache(maxsize=1)
def image() -> str:
    """One of the images that the double knows."""
    wanted = [{"Name": "name", "Values": ["debian-12-amd64-*"]}]
    return str(client("ec2").describe_images(Owners=["136693071363"], Filters=wanted)["Images"][0]["ImageId"])


def machine(name: str, phase: str = "protect", **more: str) -> str:
    made = client("ec2").run_instances(
        ImageId=image(),
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.small",
        TagSpecifications=spec("instance", machine=name, phase=phase, **more),
    )
    return str(made["Instances"][0]["InstanceId"])


def network() -> dict[str, str]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", TagSpecifications=spec("vpc"))["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.0.0/20", TagSpecifications=spec("subnet"))
    subnet = made["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway(TagSpecifications=spec("internet-gateway"))["InternetGateway"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=spec("route-table"))["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    made = ec2.create_security_group(
        GroupName="inside", Description="x", VpcId=vpc, TagSpecifications=spec("security-group")
    )
    return {"vpc": vpc, "subnet": subnet, "table": table, "group": made["GroupId"]}


def everything() -> None:
    """One of each kind of thing that a standby is made of."""
    made = network()
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    client("ec2").authorize_security_group_ingress(GroupId=made["group"], IpPermissions=[rule])
    address = client("ec2").allocate_address(Domain="vpc", TagSpecifications=spec("elastic-ip"))
    client("ec2").associate_address(AllocationId=address["AllocationId"], InstanceId=machine("db2"))
    client("ec2").create_volume(AvailabilityZone="eu-west-3a", Size=160, TagSpecifications=spec("volume"))
    client("kms").create_key(Tags=[{"TagKey": key, "TagValue": value} for key, value in OURS.items()])
    bucket("copies")
    identities()
    zone = client("route53").create_hosted_zone(Name="atelier.test", CallerReference="1")["HostedZone"]["Id"]
    client("route53").change_tags_for_resource(
        ResourceType="hostedzone", ResourceId=zone.rpartition("/")[2], AddTags=pairs()
    )
    client("cloudwatch").put_metric_alarm(
        AlarmName="old", Namespace="n", MetricName="m", Period=60, Statistic="Maximum", Threshold=1, Tags=pairs(),
        EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    client("sns").create_topic(Name="alarms", Tags=pairs())
    client("budgets").create_budget(
        AccountId="123456789012",
        Budget={"BudgetName": "bascule-atelier-budget", "BudgetType": "COST", "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": "120", "Unit": "USD"}},
        ResourceTags=pairs(),
    )  # fmt: skip


def identities() -> None:
    iam = client("iam")
    allow = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    iam.create_role(RoleName="machines", AssumeRolePolicyDocument="{}", Tags=pairs())
    iam.put_role_policy(RoleName="machines", PolicyName="own", PolicyDocument=allow)
    iam.create_user(UserName="writer", Tags=pairs())
    iam.put_user_policy(UserName="writer", PolicyName="own", PolicyDocument=allow)
    iam.create_access_key(UserName="writer")
    iam.create_instance_profile(InstanceProfileName="machines", Tags=pairs())
    iam.add_role_to_instance_profile(InstanceProfileName="machines", RoleName="machines")


def bucket(name: str, locked_days: int = 0) -> None:
    s3 = client("s3")
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=bool(locked_days))
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs()})
    if locked_days:
        rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": locked_days}}
        s3.put_object_lock_configuration(
            Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
        )
    s3.put_object(Bucket=name, Key="copies/a", Body=b"x" * 1000)


def kinds(found: dict[str, Any]) -> set[str]:
    return {entry["kind"] for entry in found["things"]}


def test_all_that_carries_the_tag_is_named_with_its_price_and_nothing_else() -> None:
    everything()
    client("ec2").create_vpc(CidrBlock="10.30.0.0/16")
    client("ec2").create_volume(AvailabilityZone="eu-west-3a", Size=1)
    found = proof.left(ask(), nothing)
    assert kinds(found) == {
        "address", "alarm", "bucket", "budget", "firewall", "gateway", "hosted-zone", "instance", "instance-profile",
        "kms-key", "network", "role", "route-table", "subnet", "topic", "user", "volume",
    }  # fmt: skip
    assert len(found["things"]) == 17
    assert found["unknown"] == []
    costs = {entry["kind"]: entry["a_day"] for entry in found["things"]}
    assert costs["instance"] == pytest.approx(0.0208 * 24 * 1.17, abs=0.01)
    assert costs["volume"] == pytest.approx(160 * 0.08 / 30.4 * 1.17, abs=0.01)
    assert costs["role"] == 0.0


def test_a_sweep_takes_all_of_it_away_by_tags_alone() -> None:
    everything()
    found = proof.sweep(ask("sweep", everything=True, home=True), nothing)
    assert found["things"] == []
    assert [entry["kind"] for entry in found["going"]] == ["kms-key"]
    assert found["going"][0]["goes_at"] > datetime.now(UTC).date().isoformat()
    assert found["changed"]
    again = proof.left(ask(), nothing)
    assert (again["things"], len(again["going"])) == ([], 1)
    assert client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.20.0.0/16"]}])["Vpcs"] == []


def test_drills_go_when_their_day_is_over_and_nothing_else_does() -> None:
    kept = machine("db2")
    old = machine("app2", drill="june", expires="2026-06-30")
    new = machine("app2", drill="july", expires="2026-07-31")
    found = proof.sweep(ask("sweep", drills=True, today="2026-07-01"), nothing)
    assert found["removed"] == [old]
    assert {entry["id"] for entry in proof.left(ask(), nothing)["things"]} == {kept, new}


def test_a_standby_that_may_serve_is_not_swept_away() -> None:
    there = machine("app2")
    with pytest.raises(Trouble, match="Users may work on app2") as refused:
        proof.sweep(ask("sweep", everything=True), nothing)
    assert refused.value.reason == "serves"
    assert [entry["id"] for entry in proof.left(ask(), nothing)["things"]] == [there]
    # The guard looked at it, or somebody said so.
    assert proof.sweep(ask("sweep", everything=True, home=True), nothing)["things"] == []


def test_locked_copies_stay_with_their_date_and_with_their_key() -> None:
    bucket("locked", locked_days=30)
    client("kms").create_key(Tags=[{"TagKey": key, "TagValue": value} for key, value in OURS.items()])
    found = proof.sweep(ask("sweep", everything=True), nothing)
    left = {entry["kind"]: entry for entry in found["things"]}
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    assert left["bucket"]["locked_until"] == day
    assert left["bucket"]["copies"] == 1
    assert "locked" in left["bucket"]["why"]
    assert left["kms-key"]["why"] == "copies that are locked were closed with it"
    assert found["going"] == []


def test_a_service_that_will_not_say_is_said_to_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    def refuse(policy: str, region: str) -> Iterator[Any]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListRoles")
        yield

    monkeypatch.setitem(listing.LISTERS, "iam", refuse)
    found = proof.left(ask(), nothing)
    assert len(found["unknown"]) == 1
    assert found["unknown"][0].startswith("iam: ")


def test_a_kind_that_nobody_knows_is_named_and_left() -> None:
    client("secretsmanager").create_secret(Name="by-hand", SecretString="x", Tags=pairs())
    found = proof.sweep(ask("sweep", everything=True), nothing)
    assert [entry["kind"] for entry in found["things"]] == ["secretsmanager"]
    assert "by hand" in found["things"][0]["why"]


def test_what_an_activation_needs_is_looked_for() -> None:
    machines = {
        "db2": {"instance_type": "t3.small", "image": {"id": image(), "owner": None, "name": None}},
        "app2": {"instance_type": "t3.small", "image": {"id": None, "owner": "136693071363", "name": "no-such-*"}},
    }
    found = status.status(ask("status", machines=machines), nothing)
    assert found["account"] == "123456789012"
    assert found["images"] == {"db2": image(), "app2": None}
    assert any("The image of app2 (no-such-*) is not there any more" in text for text in found["problems"])


def test_a_quota_that_is_too_small_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    quotas = {"Quota": {"Value": 3.0}}
    real = status.client
    fake = type("Quotas", (), {"get_service_quota": lambda self, **_asked: quotas})
    monkeypatch.setattr(status, "client", lambda name, at: fake() if name == "service-quotas" else real(name, at))
    machine("db2")
    machines = {name: {"instance_type": "t3.small", "image": {"id": image()}} for name in ("db2", "app2")}
    found = status.status(ask("status", machines=machines), nothing)
    # Two processors each; db2 runs already.
    assert found["processors"] == {"allowed": 3.0, "free": 1.0, "needed": 2.0}
    assert any("an activation needs 2 more" in text for text in found["problems"])


def test_credentials_that_are_not_accepted_are_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from account import access
    from botocore.exceptions import NoCredentialsError

    def nobody(service: str, region: str) -> Any:
        raise NoCredentialsError

    monkeypatch.setattr(access, "client", nobody)
    with pytest.raises(Trouble, match="AWS_PROFILE") as refused:
        proof.left(ask(), nothing)
    assert refused.value.reason == "credentials"


def rules(group: str) -> list[Any]:
    listed = client("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    return [rule for rule in listed["SecurityGroupRules"] if not rule["IsEgress"]]


def test_parts_without_tags_are_undone_by_what_they_were_made_with() -> None:
    made, ec2 = network(), client("ec2")
    for port in (22, 5432):
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}
        ec2.authorize_security_group_ingress(GroupId=made["group"], IpPermissions=[rule])
    same = {"securityGroupId": made["group"], "ipProtocol": "tcp", "fromPort": 22.0, "toPort": 22.0,
            "cidrIpv4": "10.1.0.0/16"}  # fmt: skip
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    assert undo.undo(kind, same, REGION) == ""
    assert [rule["FromPort"] for rule in rules(made["group"])] == [5432]
    assert undo.undo(kind, same, REGION) == ""
    use = {"routeTableId": made["table"], "subnetId": made["subnet"]}
    assert undo.undo("aws:ec2/routeTableAssociation:RouteTableAssociation", use, REGION) == ""
    uses = ec2.describe_route_tables(RouteTableIds=[made["table"]])["RouteTables"][0]["Associations"]
    assert [one for one in uses if not one.get("Main")] == []
    # Begun before what it needs was known: nothing was made.
    assert undo.undo("aws:ec2/route:Route", {"destinationCidrBlock": "0.0.0.0/0"}, REGION) == ""


@pytest.mark.parametrize(
    ("kind", "detail", "price"),
    [
        ("instance", {"type": "t3.small", "state": "stopped"}, 0.0),
        ("instance", {"type": "u-24tb1.metal"}, None),
        ("kms-key", {"goes_at": "2026-12-31"}, 0.0),
        ("address", {}, 0.14),
        ("subnet", {}, 0.0),
    ],
)
def test_prices(kind: str, detail: dict[str, Any], price: float | None) -> None:
    assert prices.a_day(kind, detail, REGION) == price


def test_regions_that_the_table_does_not_know_are_dear() -> None:
    cheap, dear = (prices.a_day("address", {}, region) for region in ("us-east-1", "af-south-1"))
    assert cheap is not None
    assert dear is not None
    assert dear > cheap
