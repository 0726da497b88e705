# SPDX-License-Identifier: Apache-2.0
"""A firm of whose standby only copies exist: written to a bucket, restored on a machine that is built then, home again.

The real restic on real machines; the account is a double (moto behind Pulumi's engine), its metadata service too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from bascule_lab.demo.cloud import Cloud
from bascule_lab.demo.commands import Commands
from bascule_lab.demo.rehearsal import Rehearsal, Run, clean_environment

from . import bucket
from .bucket import Reached
from .cycle import DECLARE, POLICIES, Cycle, expect_usable, tail
from .fault_table import said

pytestmark = [pytest.mark.lab_full, pytest.mark.engine]
REACHED = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_CLOUDWATCH")
WRITER = ("BASCULE_WRITER_ID", "BASCULE_WRITER_KEY")
CHANGE = """set -e
cd /srv/plans
rm plan-7.txt
echo changed >> plan-8.txt
mkdir -p 'new folder' && echo new > 'new folder/ü $(x)'
sha256sum plan-*.txt > SHA256SUMS"""
COPY_NOW = "systemctl start bascule-copy-cold-plans.service"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[tuple[Cycle, Cloud, Reached]]:
    """The lab, and the double of AWS as drivers and machines reach it."""
    (tmp_path / "logs").mkdir()
    commands = Commands(tmp_path / "logs", environment=clean_environment())
    rehearsal = Rehearsal(POLICIES / "cold" / "policy.yml", tmp_path / "build", commands)
    cloud = Cloud(rehearsal, tmp_path)
    try:
        cloud.provide_engine()
        rehearsal.up()
        cloud.start()
        rehearsal.compile(cloud.to_compile())
        with bucket.reached("cold", cloud.endpoint) as found:
            commands.environment.update(dict.fromkeys(REACHED, found.endpoint))
            yield Cycle(rehearsal), cloud, found
    finally:
        cloud.stop()
        rehearsal.down()


def key_of_the_writer(cloud: Cloud, build: Path) -> tuple[str, str]:
    """Made by a person, for the identity that the build has made."""
    outputs = json.loads((build / "outputs/standby.json").read_text())
    user = outputs["identities"]["writer"].rpartition("/")[2]
    double = {"aws_access_key_id": "double", "aws_secret_access_key": "double"}
    iam = boto3.client("iam", endpoint_url=cloud.endpoint, region_name="eu-west-3", **double)
    made = iam.create_access_key(UserName=user)["AccessKey"]
    return str(made["AccessKeyId"]), str(made["SecretAccessKey"])


def entry(run: Run, system: str) -> dict[str, Any]:
    return next(one for one in run.report["systems"] if one["id"] == system)


def reported(cloud: Cloud, machine: str, cycle: Cycle) -> tuple[int, float]:
    """Let a machine report how old the newest copy is: how many figures the account then has, and the largest."""
    cycle.rehearsal.on(machine, "systemctl is-active bascule-age-cold-plans.timer")
    cycle.rehearsal.on(machine, "systemctl start bascule-age-cold-plans.service")
    double = {"aws_access_key_id": "double", "aws_secret_access_key": "double"}
    watch = boto3.client("cloudwatch", endpoint_url=cloud.endpoint, region_name="eu-west-3", **double)
    now = datetime.now(UTC)
    (alarm,) = [one for one in watch.describe_alarms()["MetricAlarms"] if one.get("MetricName") == "CopyAge"]
    found = watch.get_metric_statistics(
        Namespace=alarm["Namespace"], MetricName=alarm["MetricName"], Dimensions=alarm["Dimensions"], Period=3600,
        StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=1), Statistics=["SampleCount", "Maximum"],
    )["Datapoints"]  # fmt: skip
    return int(sum(one["SampleCount"] for one in found)), max(one["Maximum"] for one in found)


def leaks(folder: Path, *values: str) -> list[str]:
    """Files of a folder that hold one of these secrets."""
    files = [Path(where) / name for where, _folders, names in os.walk(folder) for name in names]
    return [str(path) for path in files if path.is_file() and any(v.encode() in path.read_bytes() for v in values)]


def test_copies_go_to_a_bucket_and_come_back_on_a_new_machine(firm: tuple[Cycle, Cloud, Reached]) -> None:
    cycle, cloud, found = firm
    rehearsal, build = cycle.rehearsal, cycle.rehearsal.build
    environment = rehearsal.commands.environment
    for name in WRITER:
        environment.pop(name)
    # The first build makes the identity; without its key nothing is copied, and that is said with what to do.
    first = rehearsal.driver("build", extra={"restart": "allowed"})
    assert first.outcome.exit != 0
    assert "aws iam create-access-key --user-name bascule-cold-writer" in first.outcome.log.read_text(), tail(first)
    key = key_of_the_writer(cloud, build)
    environment.update(zip(WRITER, key, strict=True))
    cycle.drive("build", extra={"restart": "allowed"})
    assert rehearsal.status()["machines"]["server2"]["state"] != "running"
    status = cycle.drive("status")
    assert [(p["place"], p["away"]) for p in entry(status, "plans")["places"]] == [("bucket", True)]
    assert entry(status, "plans")["age_s"] < 600
    count, oldest = reported(cloud, "server1", cycle)
    assert count >= 1
    assert 0 <= oldest < 600
    old = entry(status, "plans")["points"][0]["id"]
    before = cycle.tree("plans", "primary")
    rehearsal.on("server1", CHANGE)
    rehearsal.on("server1", COPY_NOW)
    newer = cycle.tree("plans", "primary")
    # The site is lost, with the machine that has the writer's key.
    rehearsal.lab("kill", "primary")
    for name in WRITER:
        environment.pop(name)
    cycle.drive("activate", env=DECLARE)
    assert cycle.tree("plans", "standby") == newer
    expect_usable(cycle, "activate", ("kept", "not_shown"))
    assert found.asked, "no machine asked for the keys of its role"
    # From now on the machine in AWS says how old they are.
    assert reported(cloud, "server2", cycle)[0] > count
    # What serves now is copied to the bucket too.
    status = rehearsal.driver("status")
    assert entry(status, "plans")["age_s"] < 600
    assert entry(status, "plans")["points"][0]["id"] != old
    # An older point, by its identity; what was there is kept as a point of its own.
    cycle.drive("activate", env=DECLARE, extra={"recovery_point": old})
    assert cycle.tree("plans", "standby") == before
    rehearsal.on("server2", "echo again >> /srv/plans/plan-9.txt; cd /srv/plans; sha256sum plan-*.txt > SHA256SUMS")
    after = cycle.tree("plans", "standby")
    rehearsal.lab("start", "primary")
    environment.update(zip(WRITER, key, strict=True))
    cycle.drive("failback")
    assert cycle.tree("plans", "primary") == after
    assert rehearsal.status()["machines"]["server2"]["state"] != "running"
    status = cycle.drive("status")
    assert entry(status, "plans")["age_s"] < 600
    assert leaks(build, *key) == []
    # No machine of it is there, so nobody can work on one: that needs no word of anybody. What is locked stays, and is
    # named.
    ended = rehearsal.driver("teardown", extra={"restart": "allowed"})
    log = ended.outcome.log.read_text(errors="replace")
    assert ended.outcome.exit != 0, log
    assert said("All but the copies was destroyed: … copies are locked until", log), log
    assert [one["kind"] for one in ended.report["cloud"]["account"]["things"]] == ["bucket"]
    left = rehearsal.on("server1", "ls -d /etc/bascule/cold/plans.* 2>/dev/null; true")
    assert left.strip() == ""
