# SPDX-License-Identifier: Apache-2.0
"""The components, on the mocks of Pulumi's library: arguments are those of its classes, outputs under their schema.

No engine: what it does with all this is seen in `test_engine_*`.
"""

from __future__ import annotations

import functools
import json
from typing import Any
from unittest import mock

import jsonschema
import pulumi
import pytest
from decided import decide, situation
from plans import ROOT
from standby_aws import blueprint, site

SCHEMA = json.loads((ROOT / "schemas" / "outputs" / "v1.schema.json").read_text())
PUBLIC = {"kind": "public", "name": "erp.example.org", "certificate": "arn:c", "machine": "app2", "port": 8000}
VPN = {"kind": "vpn", "network": "10.97.0.0/22", "certificate": "arn:c"}

# pulumi_aws speaks of its own old classes when it is imported; of those that are used it speaks by its log.
pytestmark = [
    pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*has been deprecated in favor of:DeprecationWarning"),
]


class Cloud(pulumi.runtime.Mocks):
    """Answers with what the provider would add, and remembers what was asked for."""

    def __init__(self) -> None:
        self.built: dict[tuple[str, str], pulumi.runtime.MockResourceArgs] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        assert (args.typ, args.name) not in self.built
        self.built[args.typ, args.name] = args
        made = {
            "arn": f"arn:aws:x:eu-west-3:123456789012:{args.name}",
            "publicIp": "198.51.100.7",
            "primaryNetworkInterfaceId": "eni-1",
            "zoneId": "Z0123",
            "dnsName": "users.example",
            "bucket": f"{args.name}-1a2b3c4",
            "name": args.name,
        }
        return f"{args.name}-id", {**made, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        assert args.token == "aws:ec2/getAmi:getAmi"
        return {"id": "ami-1"}

    def of(self, kind: str) -> dict[str, Any]:
        return {name: one.inputs for (typ, name), one in self.built.items() if typ == kind}


def built(decided: blueprint.Blueprint) -> tuple[Cloud, dict[str, Any]]:
    """Build, and return what was asked for and the output. Nothing that pulumi_aws calls deprecated may be used."""
    cloud, outputs = Cloud(), []
    pulumi.runtime.set_mocks(cloud, preview=False)

    @pulumi.runtime.test
    def go() -> pulumi.Output[Any]:
        return site.build(decided).apply(outputs.append)

    with mock.patch("pulumi.log.warn") as warned:
        go()
    assert warned.call_args_list == []
    return cloud, outputs[0]


@functools.cache
def usual(readiness: str, what: str) -> tuple[Cloud, dict[str, Any]]:
    return built(decide(readiness, what))


@functools.cache
def by(kind: str) -> tuple[Cloud, dict[str, Any]]:
    """An activation, with another way in for users."""
    return built(decide("pilot", "activate", access={"public": PUBLIC, "vpn": VPN}[kind]))


def test_outputs_are_under_their_schema() -> None:
    nothing = built(decide("warm", "protect", link=None, zone=None, access=None, copies=None, budget=None))
    each = (
        usual("cold", "protect"),
        usual("pilot", "protect"),
        usual("pilot", "drill"),
        by("public"),
        by("vpn"),
        nothing,
    )
    for _, found in each:
        jsonschema.validate(found, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_the_output_says_what_is_there() -> None:
    _, found = usual("pilot", "protect")
    assert found["machines"] == {
        "db2": {"instance": "bascule-atelier-db2-id", "private": "10.20.0.11", "public": None},
        "files2": {"instance": "bascule-atelier-files2-id", "private": "10.20.0.13", "public": "198.51.100.7"},
    }
    assert found["link"] == {"machine": "files2", "endpoint": "198.51.100.7", "port": 51820}
    assert found["bucket"] == {"name": "bascule-atelier-copies-1a2b3c4"}
    assert found["zone"] == {"id": "Z0123", "name": "atelier.test"}
    assert found["phase"] == "protect"


def test_a_drill_says_that_it_is_one() -> None:
    _, found = usual("pilot", "drill")
    assert (found["drill"], found["link"], found["bucket"], found["zone"]) == ("june", None, None, None)
    assert found["machines"]["files2"]["public"] == "198.51.100.7"


def test_examples_of_the_schema_are_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for name in ("machines", "link", "access"):
        part = SCHEMA["properties"][name]
        part = part.get("additionalProperties", part)
        part = part.get("anyOf", [part])[0]
        for example in part["examples"]:
            jsonschema.validate(example, {**part, "$defs": SCHEMA["$defs"]})


def test_machines_are_made_as_they_must_be() -> None:
    machines = by("public")[0].of("aws:ec2/instance:Instance")
    assert {name: one["sourceDestCheck"] for name, one in machines.items()} == {
        "bascule-atelier-db2": True,
        "bascule-atelier-app2": True,
        "bascule-atelier-files2": False,
    }
    for one in machines.values():
        assert one["metadataOptions"]["httpTokens"] == "required"
        assert one["rootBlockDevice"]["encrypted"] is True


def test_an_image_by_its_id_is_not_looked_for() -> None:
    decided = situation("warm")
    for machine in decided.cloud["machines"].values():
        machine["image"] = {"id": "ami-0123", "owner": None, "name": None}
    machines = built(blueprint.decide(decided))[0].of("aws:ec2/instance:Instance")
    assert {one["ami"] for one in machines.values()} == {"ami-0123"}


def test_a_zone_that_exists_is_used() -> None:
    zone = {"zone": "atelier.test", "id": "Z9", "ttl_s": 30, "names": {"erp": "erp.atelier.test"}}
    cloud, found = built(decide("pilot", "protect", zone=zone))
    assert cloud.of("aws:route53/zone:Zone") == {}
    (record,) = cloud.of("aws:route53/record:Record").values()
    assert (record["zoneId"], record["ttl"], record["records"]) == ("Z9", 30, ["10.99.1.12"])
    assert found["zone"] == {"id": "Z9", "name": "atelier.test"}


def test_the_load_balancer_leads_to_the_port_and_only_it_reaches_it() -> None:
    cloud, _ = by("public")
    (target,) = cloud.of("aws:lb/targetGroup:TargetGroup").values()
    assert target["port"] == 8000
    rules = cloud.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    app = {name: one for name, one in rules.items() if one["securityGroupId"] == "bascule-atelier-on-app2-id"}
    assert {one.get("cidrIpv4") or one.get("referencedSecurityGroupId") for one in app.values()} == {
        "10.20.0.0/16",
        "bascule-atelier-users-id",
    }


def test_what_bears_tags_has_them() -> None:
    """The list of the pack's rule is what the program builds: each of these types, and no other, was given tags."""
    from standby_rules.tags import BEARERS

    found: set[str] = set()
    for access in ("public", "vpn"):
        for (kind, name), one in by(access)[0].built.items():
            if kind.startswith("bascule:"):
                continue
            assert ("tags" in one.inputs) == (kind in BEARERS), (kind, name)
            found.add(kind)
    assert found >= BEARERS
