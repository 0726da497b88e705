# SPDX-License-Identifier: Apache-2.0
"""A standby site through its life, on the real engine and the double: phases, a change of range, the end, faults."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import jsonschema
import pytest
from botocore.config import Config
from engine import Failed, Folder, listing, short
from plans import ROOT, plan

GOLDEN = Path(__file__).parent / "previews"
SCHEMA = json.loads((ROOT / "schemas" / "outputs" / "v1.schema.json").read_text())
DATA = ("aws:kms/key:Key", "aws:s3/bucket:Bucket", "aws:ebs/volume:Volume")
pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def aws(folder: Folder) -> Callable[[str], Any]:
    """A function: service → client of the account behind the folder."""

    def client(service: str) -> Any:
        url, keys = folder.environment["AWS_ENDPOINT_URL"], ("double", "double")
        return boto3.client(
            service,
            region_name="eu-west-3",
            endpoint_url=url,
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            config=Config(s3={"addressing_style": "path"}),
        )

    return client


def data_of(folder: Folder) -> dict[str, str]:
    """What must not be lost, by its URN: the identities that the provider gave."""
    return {urn: one["id"] for urn, one in folder.resources("protect").items() if one["type"] in DATA}


@pytest.fixture(scope="module")
def folder(make_folder: Callable[..., Folder]) -> Folder:
    """A pilot site, built for its first phase."""
    made = make_folder(plan("pilot"))
    made.first = made.up("protect")
    return made


def test_outputs_of_the_first_phase(folder: Folder) -> None:
    jsonschema.validate(folder.first, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert set(folder.first["machines"]) == {"db2", "files2"}
    assert folder.first["machines"]["db2"]["private"] == "10.20.0.11"
    assert folder.first["link"]["endpoint"] == folder.first["machines"]["files2"]["public"]


def test_a_change_of_phase_keeps_data_and_back_again(folder: Folder) -> None:
    before = data_of(folder)
    assert len(before) == 4
    active = folder.up("activate")
    assert set(active["machines"]) == {"app2", "db2", "files2"}
    assert data_of(folder) == before
    assert active["machines"]["db2"] == folder.first["machines"]["db2"]
    assert {line.split()[0] for line in listing(folder.preview("activate")).splitlines()} == {"same"}
    home = folder.preview("protect")
    assert set(home["changeSummary"]) == {"delete", "same"}
    assert set(folder.up("protect")["machines"]) == {"db2", "files2"}
    assert data_of(folder) == before


def test_another_policy_text_changes_tags_only(folder: Folder) -> None:
    other = plan("pilot")
    other["policy"]["digest"] = "sha256:" + "ba9876543210" + 52 * "0"
    folder.take(other)
    preview = folder.preview("protect")
    assert set(preview["changeSummary"]) == {"same", "update"}
    for step in preview["steps"]:
        assert set(step.get("detailedDiff") or {}) <= {"tags", "tags.bascule:plan", 'tags["bascule:plan"]'} or (
            "rootBlockDevice" in str(step["detailedDiff"]) or step["urn"].endswith("Stack::bascule-atelier-standby")
        ), step
    folder.take(plan("pilot"))


def test_a_changed_range_replaces_exactly_what_it_must(folder: Folder, expect: Callable[[Path, str], None]) -> None:
    before = data_of(folder)
    folder.take(plan("pilot", network="10.21"))
    preview = folder.preview("protect")
    expect(GOLDEN / "pilot-another-range.txt", listing(preview))
    touched = {short(step["urn"]) for step in preview["steps"] if step["op"] not in ("same", "update")}
    assert not touched & set(before)
    after = folder.up("protect")
    assert data_of(folder) == before
    assert after["machines"]["db2"]["private"] == "10.21.0.11"
    # The other ends of the link know this address.
    assert after["link"]["endpoint"] == folder.first["link"]["endpoint"]
    assert {line.split()[0] for line in listing(folder.preview("protect")).splitlines()} == {"same"}


def test_names_that_a_run_has_moved_stay_moved(folder: Folder, aws: Callable[[str], Any]) -> None:
    route53 = aws("route53")
    zone = folder.first["zone"]["id"]
    moved = {"Name": "erp.atelier.test", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.21.0.12"}]}
    change = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": moved}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    folder.up("protect", "--refresh")
    found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [one["ResourceRecords"] for one in found if one["Name"].startswith("erp.")] == [[{"Value": "10.21.0.12"}]]


def test_a_drill_beside_it_comes_and_goes(folder: Folder, aws: Callable[[str], Any]) -> None:
    """A stack of its own, which the standby does not notice, and which nothing keeps from going."""
    drill = folder.up("drill")
    assert drill["drill"] == "june"
    assert drill["machines"]["db2"]["private"] == "10.21.0.11"
    tagged = aws("ec2").describe_instances(Filters=[{"Name": "tag:bascule:drill", "Values": ["june"]}])
    assert len(tagged["Reservations"]) == 3
    assert not any(one.get("protect") for one in folder.resources("drill").values())
    folder.destroy("drill")
    assert {line.split()[0] for line in listing(folder.preview("protect")).splitlines()} == {"same"}


def test_data_are_protected_until_they_are_let_go(folder: Folder) -> None:
    before = data_of(folder)
    with pytest.raises(Failed, match="protected"):
        folder.destroy("protect")
    # The engine takes everything else away before it says so.
    assert data_of(folder) == before


def test_the_end_needs_the_state_alone(folder: Folder, aws: Callable[[str], Any]) -> None:
    """The program and the plan are gone."""
    for path in (folder.stack / "__main__.py", folder.stack.parent / "plan.json"):
        path.unlink()
    shutil.rmtree(folder.stack / "standby_aws")
    folder.run("state", "unprotect", "--all", "--yes", "--stack", "standby")
    folder.destroy("protect")
    left = aws("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "bascule:policy", "Values": ["atelier"]}])
    gone = (":key/", ":instance/")  # keys wait for their deletion, instances are remembered for a while
    assert [
        one["ResourceARN"] for one in left["ResourceTagMappingList"] if not any(x in one["ResourceARN"] for x in gone)
    ] == []
    assert aws("s3").list_buckets()["Buckets"] == []
    assert aws("iam").list_users()["Users"] == []


def test_no_secret_is_found_anywhere(folder: Folder) -> None:
    """In the state, in what was said, in the folder: neither the passphrase nor the account's key."""
    said = "\n".join(folder.said)
    written = b"\n".join(path.read_bytes() for path in folder.home.rglob("*") if path.is_file())
    for name in ("PULUMI_CONFIG_PASSPHRASE", "AWS_SECRET_ACCESS_KEY"):
        secret = folder.environment[name]
        assert secret not in said
        assert secret.encode() not in written
