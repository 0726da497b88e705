# SPDX-License-Identifier: Apache-2.0
"""Whole runs that switch by Route 53: real ansible-playbook processes, moto as a double of AWS, doubles of machines."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from conftest import ended
from firm import Door, Firm
from moto.server import ThreadedMotoServer

pytestmark = pytest.mark.slow
ZONE = "double.test"
SECRET = "s3cr3t-of-the-account"


class Named(Firm):
    """The invented firm, its users sent over by names in Route 53."""

    def plan(self) -> dict[str, Any]:
        switch = {"kind": "route53", "zone": ZONE, "zone_id": None, "ttl_s": 5}
        return {**super().plan(), "switch": switch}


class Account:
    """An account of the double: what a run is given to get in, and the zone that it changes."""

    def __init__(self, endpoint: str) -> None:
        self.environment = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "AKIAOFTHEDOUBLE00000",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        keys = {"aws_access_key_id": "AKIAOFTHEDOUBLE00000", "aws_secret_access_key": SECRET}
        self.client = boto3.client("route53", endpoint_url=endpoint, region_name="us-east-1", **keys)

    def make_zone(self) -> None:
        # A private one has no name servers that the whole world could be asked about.
        network = {"VPCRegion": "eu-west-3", "VPCId": "vpc-1"}
        made = self.client.create_hosted_zone(
            Name=ZONE, CallerReference="1", HostedZoneConfig={"PrivateZone": True}, VPC=network
        )
        self.zone = made["HostedZone"]["Id"]

    def addresses(self) -> dict[str, str]:
        listed = self.client.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return {
            entry["Name"].rstrip("."): entry["ResourceRecords"][0]["Value"] for entry in listed if entry["Type"] == "A"
        }


@pytest.fixture
def account() -> Iterator[Account]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    made = Account(f"http://{host}:{port}")
    # What an earlier test made is kept by the process, not by the server.
    forget = urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
    urllib.request.urlopen(forget, timeout=10).close()
    yield made
    server.stop()


@pytest.fixture
def firm(tmp_path: Path, door: Door) -> Firm:
    return Named(tmp_path, door).write()


@pytest.mark.full
def test_users_are_sent_there_and_home(firm: Firm, account: Account) -> None:
    account.make_zone()
    code, output = firm.run("dr-activate.yml", **account.environment)
    assert code == 0, output
    assert account.addresses() == {"orders.double.test": "127.0.0.2", "drawings.double.test": "127.0.0.2"}
    code, output = firm.run("dr-failback.yml", **account.environment)
    assert code == 0, output
    assert account.addresses() == {"orders.double.test": "127.0.0.1", "drawings.double.test": "127.0.0.1"}
    for path in (firm.folder / "runs").rglob("*"):
        assert path.is_dir() or SECRET not in path.read_text()


@pytest.mark.full
def test_a_zone_that_is_missing_fails_the_switch_and_the_next_run_goes_on(firm: Firm, account: Account) -> None:
    code, output = firm.run("dr-activate.yml", **account.environment)
    assert code == 2
    assert "Route 53 has no zone double.test in this account" in output
    assert "orders.double.test. 5 IN A 127.0.0.2" in output
    states = ended(firm.journal())
    assert (states["system.db"], states["switch.orders"], states["activity.orders"]) == ("done", "failed", "blocked")
    account.make_zone()
    code, output = firm.run("dr-activate.yml", **account.environment)
    assert code == 0, output
    assert account.addresses()["orders.double.test"] == "127.0.0.2"


def test_without_credentials_nothing_begins_and_a_look_reports_it(firm: Firm) -> None:
    nobody = {
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
        "AWS_CONFIG_FILE": str(firm.home / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(firm.home / "none"),
    }  # fmt: skip
    code, output = firm.run("dr-activate.yml", **nobody)
    assert code == 2
    assert "Secrets are missing. There are no credentials for AWS." in output
    assert firm.done() == []
    _code, output = firm.run("dr-status.yml", **nobody)
    assert "There are no credentials for AWS" in output
    assert {line["step"] for line in firm.done()} <= {"points", "status"}
