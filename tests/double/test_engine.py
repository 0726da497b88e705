# SPDX-License-Identifier: Apache-2.0
"""The real Pulumi engine on the double: previews, updates, replacements, refreshes, failures, protection, the end."""

from __future__ import annotations

import json
import re
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from ..aws_double import REGION, AwsDouble, serving

pytestmark = pytest.mark.engine
CANARY = "a-description-that-must-not-be-found"
# What the program builds is said by a file beside it, so that a test can change it.
PROGRAM = """
    import json
    import pulumi
    import pulumi_aws as aws

    site = json.load(open("site.json"))
    provider = aws.Provider("aws", region="eu-west-3")
    inside = pulumi.ResourceOptions(provider=provider)
    kept = pulumi.ResourceOptions(provider=provider, protect=site["protect"])
    vpc = aws.ec2.Vpc("site", cidr_block=site["range"], tags={"phase": site["phase"]}, opts=inside)
    part = aws.ec2.Subnet(
        "a", vpc_id=vpc.id, cidr_block=vpc.cidr_block.apply(lambda text: text.replace("/16", "/20")), opts=inside
    )
    secret = pulumi.Output.secret(site["secret"])
    group = aws.ec2.SecurityGroup("machines", vpc_id=vpc.id, description=secret, opts=inside)
    bucket = aws.s3.Bucket("copies", tags={"phase": site["phase"]}, opts=kept)
    writer = aws.iam.User("writer", opts=inside)
    key = aws.iam.AccessKey("writer", user=writer.name, opts=inside)
    image = aws.ec2.get_ami_output(
        owners=["136693071363"], filters=[{"name": "name", "values": ["debian-12-amd64-*"]}], most_recent=True,
        opts=pulumi.InvokeOutputOptions(provider=provider),
    )
    machine = aws.ec2.Instance("db2", ami=image.id, instance_type=site["size"], subnet_id=part.id, opts=inside)
    pulumi.export("network", vpc.id)
    pulumi.export("key", key.secret)
    pulumi.export("address", machine.private_ip)
"""
SITE = {
    "range": "10.20.0.0/16", "phase": "protect", "protect": False, "secret": CANARY, "size": "t3.small",
}  # fmt: skip
MADE = {
    "aws:ec2/vpc:Vpc::site", "aws:ec2/subnet:Subnet::a", "aws:ec2/securityGroup:SecurityGroup::machines",
    "aws:s3/bucket:Bucket::copies", "aws:iam/user:User::writer", "aws:iam/accessKey:AccessKey::writer",
    "aws:ec2/instance:Instance::db2",
}  # fmt: skip


class Project:
    """A program in a folder, and an engine with a state of its own."""

    def __init__(self, home: Path, double: AwsDouble) -> None:
        self.folder, self.environment = home / "program", double.environment(home)
        self.folder.mkdir()
        (self.folder / "Pulumi.yaml").write_text("name: site\nruntime: {name: python}\n")
        (self.folder / "__main__.py").write_text(textwrap.dedent(PROGRAM))
        self.want()
        self.run("stack", "init", "test")

    def want(self, **changes: Any) -> None:
        """Say what the program builds from now on."""
        (self.folder / "site.json").write_text(json.dumps(SITE | changes))

    def attempt(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["pulumi", "--non-interactive", "--color", "never", *words]
        settings = {"env": self.environment | more, "cwd": self.folder, "stdin": subprocess.DEVNULL}
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **settings)

    def run(self, *words: str) -> str:
        ended = self.attempt(*words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def preview(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("preview", "--json", "--show-sames", *words))
        return found

    def up(self) -> str:
        return self.run("up", "--yes", "--skip-preview")

    def steps(self, preview: dict[str, Any]) -> dict[str, set[str]]:
        """Operation → type and name of what it is done to; what is Pulumi's own left out."""
        found: dict[str, set[str]] = {}
        for step in preview["steps"]:
            what = step["urn"].partition("::site::")[2]
            if not what.startswith("pulumi:"):
                found.setdefault(step["op"], set()).add(what)
        return found

    def state(self) -> dict[str, Any]:
        """Type and name → what the state holds of it."""
        held = json.loads(self.run("stack", "export"))["deployment"].get("resources", [])
        return {one["urn"].partition("::site::")[2]: one for one in held}


@pytest.fixture
def make(aws_double: AwsDouble, tmp_path: Path) -> Callable[[], Project]:
    """A new project in an empty account."""
    aws_double.reset()
    return lambda: Project(tmp_path, aws_double)


def client(double: AwsDouble, service: str) -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client(service, endpoint_url=double.endpoint, region_name=REGION, **keys)


def test_a_preview_makes_nothing_and_says_what_it_is(make: Callable[[], Project], aws_double: AwsDouble) -> None:
    project = make()
    preview = project.preview()
    assert project.steps(preview) == {"create": MADE}
    said = [one["message"] for one in preview["diagnostics"]]
    assert any(text.removeprefix("warning: ").startswith("provider: double: nothing of this is AWS") for text in said)
    assert client(aws_double, "iam").list_users()["Users"] == []
    shown = project.run("preview", "--diff")
    assert re.search(r"description *: \[secret\]", shown)
    assert CANARY not in shown + json.dumps(preview)


def test_a_life(make: Callable[[], Project], aws_double: AwsDouble) -> None:
    project = make()
    assert "provider: double: nothing of this is AWS" in project.up()
    outputs = json.loads(project.run("stack", "output", "--json"))
    assert outputs["key"] == "[secret]"
    assert outputs["address"].startswith("10.20.0.")
    # Twice changes nothing.
    assert set(project.steps(project.preview())) == {"same"}
    # Secrets are nowhere in plain.
    secret = project.run("stack", "output", "key", "--show-secrets").strip()
    for file in project.folder.parent.rglob("*"):
        if file.is_file() and file.name != "site.json":
            content = file.read_bytes()
            assert CANARY.encode() not in content, file
            assert secret.encode() not in content, file
    # A phase changes tags, in place; a size stops and starts a machine.
    project.want(phase="activate", size="t3.medium")
    changed = project.steps(project.preview())
    assert changed["update"] == {
        "aws:ec2/vpc:Vpc::site",
        "aws:s3/bucket:Bucket::copies",
        "aws:ec2/instance:Instance::db2",
    }
    assert set(changed) == {"update", "same"}
    project.up()
    # A range replaces what lies in it, and nothing else.
    project.want(phase="activate", size="t3.medium", range="10.30.0.0/16")
    preview = project.preview()
    inside = {
        "aws:ec2/vpc:Vpc::site", "aws:ec2/subnet:Subnet::a", "aws:ec2/securityGroup:SecurityGroup::machines",
        "aws:ec2/instance:Instance::db2",
    }  # fmt: skip
    assert project.steps(preview) == {"replace": inside, "same": MADE - inside}
    reasons = {step["urn"].rpartition("::")[2]: step.get("replaceReasons") for step in preview["steps"]}
    assert reasons["site"] == ["cidrBlock"]
    assert reasons["db2"] == ["subnetId"]
    before = project.state()
    project.up()
    after = project.state()
    assert {name for name in MADE if before[name]["id"] != after[name]["id"]} == inside
    vpcs = client(aws_double, "ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
    assert [one["CidrBlock"] for one in vpcs] == ["10.30.0.0/16"]
    # The end needs the state alone.
    for name in ("__main__.py", "site.json"):
        (project.folder / name).unlink()
    project.run("destroy", "--yes", "--skip-preview")
    assert project.state() == {}
    assert client(aws_double, "iam").list_users()["Users"] == []
    assert client(aws_double, "s3").list_buckets()["Buckets"] == []


def test_what_was_changed_by_hand_is_seen_and_put_right(make: Callable[[], Project], aws_double: AwsDouble) -> None:
    project = make()
    project.up()
    state, ec2 = project.state(), client(aws_double, "ec2")
    ec2.create_tags(Resources=[state["aws:ec2/vpc:Vpc::site"]["id"]], Tags=[{"Key": "phase", "Value": "by hand"}])
    ec2.terminate_instances(InstanceIds=[state["aws:ec2/instance:Instance::db2"]["id"]])
    project.run("refresh", "--yes", "--skip-preview")
    assert "aws:ec2/instance:Instance::db2" not in project.state()
    steps = project.steps(project.preview())
    assert steps["create"] == {"aws:ec2/instance:Instance::db2"}
    assert steps["update"] == {"aws:ec2/vpc:Vpc::site"}
    project.up()
    tags = ec2.describe_vpcs(VpcIds=[state["aws:ec2/vpc:Vpc::site"]["id"]])["Vpcs"][0]["Tags"]
    assert tags == [{"Key": "phase", "Value": "protect"}]


def test_one_that_fails_is_made_by_a_later_update(make: Callable[[], Project]) -> None:
    project = make()
    project.want(size="t9.huge")
    ended = project.attempt("up", "--yes", "--skip-preview", "--continue-on-error")
    assert ended.returncode != 0
    assert "InvalidInstanceType.NotFound: The instance type 't9.huge' does not exist" in ended.stdout
    missing = {"aws:ec2/instance:Instance::db2"}
    assert MADE - set(project.state()) == missing
    project.want()
    assert project.steps(project.preview()) == {"create": missing, "same": MADE - missing}
    project.up()
    assert set(project.state()) >= MADE


def test_what_is_protected_stays(make: Callable[[], Project], aws_double: AwsDouble) -> None:
    project = make()
    project.want(protect=True)
    project.up()
    ended = project.attempt("destroy", "--yes", "--skip-preview")
    assert ended.returncode != 0
    assert "cannot be deleted" in ended.stdout
    assert "because it is protected" in ended.stdout
    bucket = project.state()["aws:s3/bucket:Bucket::copies"]["id"]
    # What is not empty is refused by the account, and named.
    client(aws_double, "s3").put_object(Bucket=bucket, Key="copies/one", Body=b"x")
    project.run("state", "unprotect", "--all", "--yes")
    ended = project.attempt("destroy", "--yes", "--skip-preview")
    assert ended.returncode != 0
    assert "BucketNotEmpty" in ended.stdout
    client(aws_double, "s3").delete_object(Bucket=bucket, Key="copies/one")
    project.run("destroy", "--yes", "--skip-preview")
    assert project.state() == {}


def test_what_is_wrong_is_refused_in_the_preview(make: Callable[[], Project]) -> None:
    project = make()
    project.want(range="10.20.0.0/99")
    ended = project.attempt("preview")
    assert ended.returncode != 0
    assert "'10.20.0.0/99' is no range of IPv4 addresses" in ended.stdout
    program = (project.folder / "__main__.py").read_text()
    unknown = 'aws.sqs.Queue("unknown", opts=inside)\n'
    (project.folder / "__main__.py").write_text(program + unknown)
    project.want()
    ended = project.attempt("preview")
    assert ended.returncode != 0
    assert "The double has no resource type aws:sqs/queue:Queue" in ended.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"AWS_ENDPOINT_URL": ""}, "The double has no endpoint. It works on moto on this computer only"),
        ({"AWS_ENDPOINT_URL": "http://203.0.113.7:5000"}, "The double refuses the endpoint http://203.0.113.7:5000"),
        ({"BASCULE_DOUBLE_MACHINES": "lab 'half"}, "BASCULE_DOUBLE_MACHINES is no command line"),
    ],
)
def test_it_does_not_start_where_it_should_not(make: Callable[[], Project], change: dict[str, str], words: str) -> None:
    ended = make().attempt("preview", **change)
    assert ended.returncode != 0
    assert words in ended.stdout


def test_wrong_credentials_are_refused(make: Callable[[], Project]) -> None:
    """With moto's authorisation switched on, nobody is known: as with a key that was withdrawn."""
    project = make()
    with serving(INITIAL_NO_AUTH_ACTION_COUNT="0") as strict:
        ended = project.attempt("preview", AWS_ENDPOINT_URL=strict)
    assert ended.returncode != 0
    assert "validating provider credentials: GetCallerIdentity: InvalidClientTokenId" in ended.stdout
