# SPDX-License-Identifier: Apache-2.0
"""The bridge with the real engine and program before the double of AWS: built, killed, resumed, destroyed, swept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import jsonschema
import pytest

from ..aws_double import REGION, AwsDouble
from ..bridge_process import said, started

ROOT = Path(__file__).parents[2]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIjT956HysKd8IytvcEMAyMfXY5s+b5N0Z15UFO2z9qV"
SECRETS = {
    "PULUMI_CONFIG_PASSPHRASE": "a-passphrase-that-must-not-be-found",
    "AWS_SECRET_ACCESS_KEY": "the-key-of-an-account-that-must-not-be-found",
}
LIMIT_S = 900
pytestmark = pytest.mark.engine


@dataclass
class Site:
    """The sample firm's compiled folder with its standby in AWS."""

    home: Path
    double: AwsDouble
    said: list[str] = field(default_factory=list)

    @property
    def build(self) -> Path:
        return self.home / "build"

    def change(self, alter: Callable[[dict[str, Any]], None]) -> None:
        """Compile again, as far as the program can tell."""
        plan = json.loads((self.build / "plan.json").read_text())
        alter(plan["sites"]["standby"]["cloud"])
        (self.build / "plan.json").write_text(json.dumps(plan))

    def start(self, do: str, phase: str | None = None, **more: Any) -> subprocess.Popen[str]:
        config = {"bascule:phase": phase, "bascule:publicKey": KEY} if phase else {}
        facts = {"region": REGION, "pause_s": 0.2, "limit_s": 60, **more.pop("facts", {})}
        asked = {"do": do, "folder": str(self.build), "policy": "atelier", "state": f"file://{self.home / 'state'}",
                 "run": f"run-{do}", "config": config, "facts": facts}  # fmt: skip
        return started(self.build, self.double.environment(self.home, **SECRETS), {**asked, **more})

    def ask(self, do: str, phase: str | None = None, **more: Any) -> dict[str, Any]:
        """The last event."""
        text = said(self.start(do, phase, **more), LIMIT_S)
        self.said.append(text)
        return dict(json.loads([line for line in text.splitlines() if line.startswith("{")][-1]))

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=self.double.endpoint,
                            aws_access_key_id="double", aws_secret_access_key="double")  # fmt: skip

    def instances(self) -> list[str]:
        """Machines of the plan that instances are there for, one entry for each."""
        wanted = [{"Name": "instance-state-name", "Values": ["running", "pending", "stopped"]}]
        listed = self.client("ec2").describe_instances(Filters=wanted)["Reservations"]
        tags = [{tag["Key"]: tag["Value"] for tag in one["Tags"]} for entry in listed for one in entry["Instances"]]
        return sorted(entry["bascule:machine"] for entry in tags)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample firm's folder, compiled once."""
    from bascule import api

    build = tmp_path_factory.mktemp("compiled") / "build"
    api.write(api.compile_tree(ROOT / "examples/atelier/policy-aws.yml"), build)
    return build


@pytest.fixture
def site(folder: Path, aws_double: AwsDouble, tmp_path: Path) -> Iterator[Site]:
    """A folder of the test's own, before an account with nothing in it."""
    aws_double.reset()
    subprocess.run(["cp", "-r", str(folder), str(tmp_path / "build")], check=True, timeout=60)
    made = Site(tmp_path, aws_double)
    yield made
    for path in tmp_path.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not [secret for secret in SECRETS.values() if secret.encode() in content], path
    assert not [text for text in made.said for secret in SECRETS.values() if secret in text]


def test_from_nothing_to_nothing(site: Site) -> None:
    built = site.ask("up", "protect")
    assert built["event"] == "end", built
    assert built["simulated"]
    jsonschema.validate(built["outputs"], json.loads((ROOT / "schemas/outputs/v1.schema.json").read_text()))
    assert site.instances() == ["db2", "files2", "web2"]
    shown = site.ask("preview", "activate")
    assert {step["urn"].rpartition("::")[2] for step in shown["steps"] if "Instance" in step["type"]} == {
        "bascule-atelier-app2"
    }
    assert site.instances() == ["db2", "files2", "web2"]
    assert site.ask("up", "activate")["outputs"]["phase"] == "activate"
    assert site.instances() == ["app2", "db2", "files2", "web2"]
    again = site.ask("up", "activate")
    assert (again["changed"], again["steps"]) == (False, [])
    assert site.ask("sweep", facts={"everything": True})["reason"] == "serves"
    assert site.ask("up", "protect", fall=True)["summary"]["delete"] > 0
    assert site.instances() == ["db2", "files2", "web2"]
    # The program and the plan are gone, its protected things go all the same.
    (site.build / "stack/__main__.py").write_text("raise SystemExit('nobody runs this')")
    (site.build / "plan.json").unlink()
    volume = site.client("ec2").create_volume(
        AvailabilityZone=f"{REGION}a",
        Size=100,
        TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "bascule:policy", "Value": "atelier"}]}],
    )["VolumeId"]
    refused = site.ask("destroy")
    assert (refused["event"], refused["reason"]) == ("failed", "serves"), refused
    assert "Users may work on db2, files2, web2" in refused["msg"]
    assert site.instances() == ["db2", "files2", "web2"]
    ended = site.ask("destroy", facts={"home": True})
    assert (ended["event"], ended["gone"]) == ("end", True), ended
    left = site.ask("left")
    assert [entry["id"] for entry in left["things"]] == [volume]
    assert left["things"][0]["a_day"] > 0
    assert left["unknown"] == []
    assert {entry["kind"] for entry in left["going"]} <= {"kms-key"}
    assert site.ask("sweep", facts={"everything": True})["things"] == []


def test_killed_while_a_machine_was_made_and_run_again(site: Site) -> None:
    assert site.ask("up", "protect")["event"] == "end"
    process = site.start("up", "activate")
    assert process.stdout is not None
    for line in process.stdout:
        if '"step"' in line and "aws:ec2/instance:Instance" in line:
            break
    # Asked of the cloud by now, and not yet known to the state.
    while "app2" not in site.instances() and process.poll() is None:
        pass
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            session = path.read_text().rpartition(")")[2].split()[3]
        except OSError:
            continue
        if session == str(process.pid):
            os.kill(int(path.parent.name), signal.SIGKILL)
    process.wait(30)
    ended = site.ask("up", "activate")
    assert ended["event"] == "end", ended
    assert site.instances() == ["app2", "db2", "files2", "web2"]
    assert ended["outputs"]["machines"]["app2"]["private"] == "10.20.0.12"
    assert site.ask("up", "activate")["changed"] is False


def test_one_instance_that_cannot_be_made_is_named_and_the_others_are(site: Site) -> None:
    # Planned like any other, and refused by the cloud, which keeps the first addresses of a subnet for itself.
    site.change(lambda cloud: cloud["machines"]["web2"].update(address="10.20.0.3"))
    ended = site.ask("up", "protect", go_on=True)
    assert (ended["event"], ended["reason"]) == ("failed", "error"), ended
    assert "web2" in ended["msg"]
    assert sorted(ended["machines"]) == ["db2", "files2"]
    assert site.instances() == ["db2", "files2"]
    site.change(lambda cloud: cloud["machines"]["web2"].update(address="10.20.0.14"))
    assert site.ask("up", "protect")["event"] == "end"
    assert site.instances() == ["db2", "files2", "web2"]


def test_what_the_rules_forbid_is_not_built(site: Site) -> None:
    site.change(lambda cloud: cloud.update(admin=["0.0.0.0/0"]))
    for do in ("preview", "up"):
        ended = site.ask(do, "protect")
        assert (ended["event"], ended["reason"]) == ("failed", "policy"), ended
    assert site.instances() == []


def test_a_state_that_is_gone_is_not_built_upon_when_the_account_knows_better(site: Site) -> None:
    assert site.ask("up", "protect")["event"] == "end"
    ended = site.ask("up", "protect", state=f"file://{site.home / 'another'}")
    assert (ended["event"], ended["reason"]) == ("failed", "state-lost")
    assert "db2" in ended["msg"]
    assert site.instances() == ["db2", "files2", "web2"]
    assert site.ask("sweep", facts={"everything": True})["reason"] == "serves"
    assert site.ask("sweep", facts={"everything": True, "home": True})["things"] == []
    assert site.instances() == []
