# SPDX-License-Identifier: Apache-2.0
"""The switch by Route 53 against moto, a double of AWS: what it changes, and what it says when it cannot."""

from __future__ import annotations

import builtins
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.bascule.continuity.plugins.action.route53_switch import ActionModule
from ansible_collections.bascule.continuity.plugins.plugin_utils import _aws, _route53
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count
from moto.core.models import botocore_stubber

pytestmark = pytest.mark.slow

ZONE = "atelier.test"
GROUP = {
    "id": "orders",
    "names": [
        {"fqdn": f"{name}.{ZONE}", "addresses": {"primary": f"10.99.1.1{last}", "standby": f"10.20.0.1{last}"}}
        for last, name in enumerate(("erp", "docs"))
    ],
}
STANDBY = {"erp.atelier.test": "10.20.0.10", "docs.atelier.test": "10.20.0.11"}
UNSIGNED = (
    b"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code>"
    b"<Message>The canonical string should have been x-amz-security-token:a-token</Message></Error></ErrorResponse>"
)
THROTTLED = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
PENDING = b"""<GetChangeResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status>
<SubmittedAt>2026-11-26T10:00:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>"""


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An account that is empty; nothing of the developer's own settings, and no question to real name servers."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setattr(_route53, "_word", lambda server, records: "same")
    monkeypatch.setattr(_route53, "EVERY_S", 0.01)
    with mock_aws():
        yield


@pytest.fixture
def zone() -> str:
    answer = boto3.client("route53").create_hosted_zone(Name=ZONE, CallerReference="1")
    return str(answer["HostedZone"]["Id"]).rpartition("/")[2]


@pytest.fixture
def switch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs the action as a worker of a guarded run would; arguments change the plan's switch."""
    folder = tmp_path / "build" / "runs" / "20261126T100000Z-activate-0001"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"pid": os.getppid()}))
    monkeypatch.setenv("BASCULE_RUN", str(folder))
    monkeypatch.setenv("BASCULE_RUN_PID", str(os.getppid()))

    def run(side: str = "standby", check: bool = False, **more: Any) -> dict[str, Any]:
        entry = {"kind": "route53", "zone": ZONE, "zone_id": None, "ttl_s": 60, **more}
        task = SimpleNamespace(
            args={"switch": entry, "group": GROUP, "side": side}, check_mode=check, async_val=0, environment=None,
            diff=False, delegate_to=None,
        )  # fmt: skip
        action = ActionModule(task, SimpleNamespace(_shell=None), SimpleNamespace(), None, None, None)
        monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *given, **named: {})
        return action.run(task_vars={})

    return run


def records(zone: str) -> dict[str, tuple[str, Any, int | None]]:
    listed = boto3.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {
        entry["Name"].rstrip("."): (entry["Type"], [r["Value"] for r in entry["ResourceRecords"]], entry.get("TTL"))
        for entry in listed
        if entry["Type"] in _route53.LEADING
    }


def put(zone: str, *entries: dict[str, Any]) -> None:
    changes = [{"Action": "CREATE", "ResourceRecordSet": entry} for entry in entries]
    boto3.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def answer_with(
    monkeypatch: pytest.MonkeyPatch, operation: str, answer: tuple[int, bytes], times: int = 999
) -> list[str]:
    """Make Route 53 answer so to the first calls of an operation; returns the list of such calls, as they come."""
    made, calls = _aws.client, []

    def answered(request: Any, event_name: str, **_more: Any) -> Any:
        if not event_name.endswith(f".{operation}") or len(calls) >= times:
            return botocore_stubber(event_name, request)
        calls.append(operation)
        response = AWSResponse(request.url, answer[0], {"Content-Type": "text/xml"}, None)
        response._content = answer[1]
        return response

    def client(service: str, region: str | None = None) -> Any:
        client = made(service, region)
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register("before-send", answered)
        return client

    monkeypatch.setattr(_aws, "client", client)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return calls


def test_names_move_there_and_back_and_then_nothing_changes(zone: str, switch: Callable[..., dict[str, Any]]) -> None:
    there = switch()
    assert (there["changed"], there["word"]) == (True, "done")
    assert records(zone) == {name: ("A", [address], 60) for name, address in STANDBY.items()}
    assert sorted(there["evidence"]["switched"]) == sorted(STANDBY)
    assert (there["evidence"]["zone"], set(there["evidence"]["servers"].values())) == (zone, {"same"})
    again = switch()
    assert (again["changed"], again["evidence"]["switched"], again["evidence"]["change"]) == (False, [], None)
    assert switch("primary")["changed"]
    assert records(zone)["erp.atelier.test"] == ("A", ["10.99.1.10"], 60)


def test_whatever_led_elsewhere_is_replaced_and_neighbours_stay(
    zone: str, switch: Callable[..., dict[str, Any]]
) -> None:
    put(
        zone,
        {"Name": "erp.atelier.test", "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": "old.example.org"}]},
        {"Name": "docs.atelier.test", "Type": "A", "TTL": 3600, "ResourceRecords": [{"Value": "10.20.0.11"}]},
        {"Name": "docs.atelier.test", "Type": "AAAA", "TTL": 60, "ResourceRecords": [{"Value": "2001:db8::1"}]},
        {"Name": "www.atelier.test", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.9"}]},
    )
    # The address of docs was right already: its time to live and its second address were not.
    assert sorted(switch()["evidence"]["switched"]) == sorted(STANDBY)
    expected = {name: ("A", [address], 60) for name, address in STANDBY.items()}
    assert records(zone) == {**expected, "www.atelier.test": ("A", ["192.0.2.9"], 300)}


def test_check_mode_asks_nothing_and_says_simulated(switch: Callable[..., dict[str, Any]]) -> None:
    found = switch(check=True)
    assert (found["word"], found["changed"], found["evidence"]["names"]) == ("simulated", True, STANDBY)


def test_the_zone_comes_from_the_outputs_of_the_stack(zone: str, switch: Callable[..., Any], tmp_path: Path) -> None:
    other = boto3.client("route53").create_hosted_zone(Name=ZONE, CallerReference="2")["HostedZone"]["Id"]
    with pytest.raises(AnsibleActionFail, match=r"several zones atelier\.test .*zone_id"):
        switch()
    outputs = tmp_path / "build" / "outputs" / "standby.json"
    outputs.parent.mkdir()
    outputs.write_text(json.dumps({"zone": {"id": zone, "name": ZONE}}))
    assert switch()["evidence"]["zone"] == zone
    assert switch(zone_id=other.rpartition("/")[2])["evidence"]["zone"] == other.rpartition("/")[2]
    outputs.write_text(json.dumps({"zone": {"id": zone, "name": "earlier.test"}}))
    with pytest.raises(AnsibleActionFail, match="several zones"):
        switch()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"zone_id": "Z0NOTTHERE"}, "Route 53 has no zone Z0NOTTHERE in this account"),
        ({"zone": "elsewhere.test"}, r"Route 53 has no zone elsewhere\.test in this account"),
    ],
)
def test_a_zone_that_is_missing_is_said_with_the_records_to_set(
    zone: str, switch: Callable[..., Any], more: dict[str, str], said: str
) -> None:
    with pytest.raises(AnsibleActionFail, match=said) as caught:
        switch(**more)
    told = str(caught.value)
    assert told.startswith("The names were not switched. ")
    assert "erp.atelier.test. 60 IN A 10.20.0.10; docs.atelier.test. 60 IN A 10.20.0.11, and start again" in told
    assert caught.value._result["reason"] == "not-switched"  # type: ignore[attr-defined]
    assert records(zone) == {}


def test_another_zone_under_that_id_is_refused(switch: Callable[..., Any]) -> None:
    other = boto3.client("route53").create_hosted_zone(Name="other.test", CallerReference="3")["HostedZone"]["Id"]
    with pytest.raises(AnsibleActionFail, match=r"is other\.test and not atelier\.test"):
        switch(zone_id=other.rpartition("/")[2])


def test_wrong_credentials_are_a_sentence_without_them(
    zone: str, switch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWSTHISK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "kept-to-ourselves")
    with pytest.raises(AnsibleActionFail, match="refused: 403; it does not take these credentials") as caught:
        set_initial_no_auth_action_count(0)(switch)(zone_id=zone)
    assert "kept-to-ourselves" not in str(caught.value)
    # AWS itself says it in a form that moto does not use, and would quote the request for a wrong secret.
    monkeypatch.undo()
    answer_with(monkeypatch, "GetHostedZone", (403, UNSIGNED))
    with pytest.raises(_aws.AwsError, match="SignatureDoesNotMatch; the secret does not belong") as told:
        _route53.moved({"zone": ZONE, "zone_id": zone, "ttl_s": 60}, STANDBY)
    assert "a-token" not in str(told.value)


def test_no_credentials_at_all(switch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "")
    with pytest.raises(AnsibleActionFail, match="There are no credentials for AWS"):
        switch(zone_id="Z1")
    entry = {"kind": "route53"}
    assert "no credentials" in _route53.missing(entry, "activate")[0]
    assert _route53.missing(entry, "build") == _route53.missing({"kind": "dns"}, "activate") == []
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "ProfileNotFound" in _route53.missing(entry, "status")[0]


def test_without_boto3(switch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.partition(".")[0] == "boto3":
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "pip install boto3" in _route53.missing({"kind": "route53"}, "activate")[0]
    with pytest.raises(AnsibleActionFail, match="pip install boto3"):
        switch()


def test_throttling_is_waited_out(zone: str, switch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = answer_with(monkeypatch, "ChangeResourceRecordSets", (400, THROTTLED), times=3)
    assert switch()["changed"]
    assert len(calls) == 3
    assert records(zone)["erp.atelier.test"][1] == ["10.20.0.10"]


def test_throttling_without_end_is_said(zone: str, switch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = answer_with(monkeypatch, "ChangeResourceRecordSets", (400, THROTTLED))
    with pytest.raises(AnsibleActionFail, match=r"refused: Throttling; the account asks too much .* set by hand: erp"):
        switch()
    assert len(calls) == _aws.ATTEMPTS
    assert records(zone) == {}


def test_a_change_that_never_arrives_everywhere(
    zone: str, switch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_route53, "SYNC_S", 0.05)
    asked = answer_with(monkeypatch, "GetChange", (200, PENDING))
    with pytest.raises(AnsibleActionFail, match=r"has not brought it to all its servers within 0\.05 s"):
        switch()
    assert len(asked) > 1


def test_a_record_that_does_not_obey(zone: str, switch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    done = PENDING.replace(b"GetChange", b"ChangeResourceRecordSets").replace(b"PENDING", b"INSYNC")
    answer_with(monkeypatch, "ChangeResourceRecordSets", (200, done))
    with pytest.raises(AnsibleActionFail, match=r"still says otherwise for erp\.atelier\.test, docs\.atelier\.test"):
        switch()


def test_servers_that_say_otherwise_and_servers_that_cannot_be_asked(
    zone: str, switch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(_route53, "_word", lambda server, records: said.append(server) or "other")
    with pytest.raises(AnsibleActionFail, match="Route 53 says that the names are right, and ns-"):
        switch()
    assert len(said) == _route53.TRIES * len(set(said))
    monkeypatch.setattr(_route53, "_word", lambda server, records: "silent")
    assert "Route 53 itself says" in switch()["notes"][0]


def test_records_that_route_53_chooses_between_are_left_alone(zone: str, switch: Callable[..., Any]) -> None:
    weighted = [
        {"Name": "erp.atelier.test", "Type": "A", "TTL": 60, "SetIdentifier": name, "Weight": 1,
         "ResourceRecords": [{"Value": f"192.0.2.{last}"}]}
        for last, name in enumerate(("one", "two"), 1)
    ]  # fmt: skip
    put(zone, *weighted)
    with pytest.raises(AnsibleActionFail, match=r"between which Route 53 chooses \(one, two\)"):
        switch()
    assert "docs.atelier.test" not in records(zone)
