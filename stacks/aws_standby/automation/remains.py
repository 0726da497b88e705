# SPDX-License-Identifier: Apache-2.0
"""What a run that was cut off may have made without the state having learnt of it: found by its tags, and removed.

The engine writes down that it is about to make something. When it was killed before it knew the identity, the thing may
be there all the same; made again it would be there twice, or clash with itself.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from automation.opened import Opened, Say, read_state
from automation.trouble import Trouble

MAKING = "creating"
# Type of the engine → kind of thing in the account, for those that cost, or that would clash by name or address.
KINDS = {
    "aws:ec2/instance:Instance": "instance",
    "aws:ec2/eip:Eip": "address",
    "aws:ebs/volume:Volume": "volume",
    "aws:ec2/vpc:Vpc": "network",
    "aws:ec2/subnet:Subnet": "subnet",
    "aws:ec2/securityGroup:SecurityGroup": "firewall",
    "aws:ec2/internetGateway:InternetGateway": "gateway",
    "aws:ec2/routeTable:RouteTable": "route-table",
    "aws:kms/key:Key": "kms-key",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:iam/role:Role": "role",
    "aws:iam/user:User": "user",
    "aws:iam/instanceProfile:InstanceProfile": "instance-profile",
    "aws:route53/zone:Zone": "hosted-zone",
    "aws:route53/healthCheck:HealthCheck": "health-check",
    "aws:sns/topic:Topic": "topic",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "alarm",
    "aws:budgets/budget:Budget": "budget",
    "aws:lb/loadBalancer:LoadBalancer": "load-balancer",
    "aws:lb/targetGroup:TargetGroup": "target-group",
    "aws:ec2clientvpn/endpoint:Endpoint": "vpn-endpoint",
}
REMAINS = (
    "An earlier run was cut off and left things half made that cannot be removed ({}). Remove them by hand, then start "
    "again."
)
LIMIT_S = 180
EVERY_S = 3


def clear(opened: Opened, say: Say) -> None:
    """Remove what was half made, and let the state forget that it was to be made. Raise Trouble when that cannot be."""
    making = [entry for entry in opened.pending if entry["type"] == MAKING]
    if not making:
        return
    custom = [entry["resource"] for entry in making if entry["resource"].get("custom")]
    if any(str(one["type"]).startswith("aws:") for one in custom):
        _undo(opened, custom)
        wanted = [(KINDS[one["type"]], _machine(one)) for one in custom if one["type"] in KINDS]
        if wanted:
            _remove(opened, wanted, say)
    _forget(opened)
    names = ", ".join(sorted(_name(entry["resource"]) for entry in making))
    say(
        "note",
        text=f"An earlier run was cut off while it made {names}; what of that was half made is gone and is made anew.",
    )


def _name(one: Mapping[str, Any]) -> str:
    return str(one["urn"]).rpartition("::")[2]


def _machine(one: Mapping[str, Any]) -> str:
    tags = (one.get("inputs") or {}).get("tags")
    return str(tags.get("bascule:machine", "")) if isinstance(tags, dict) else ""


def _undo(opened: Opened, custom: list[Mapping[str, Any]]) -> None:
    from account.access import identity
    from account.undo import undo

    region = str(opened.ask.facts.get("region") or "")
    identity(region)
    refused = {_name(one): undo(str(one["type"]), one.get("inputs") or {}, region) for one in custom}
    told = "; ".join(f"{name}: {why}" for name, why in refused.items() if why)
    if told:
        raise Trouble("remains", REMAINS.format(told))


def _remove(opened: Opened, wanted: list[tuple[str, str]], say: Say) -> None:
    from account.removal import remove

    region = str(opened.ask.facts.get("region") or "")
    deadline = time.monotonic() + LIMIT_S
    while orphans := _orphans(opened, wanted, region):
        why = {thing.id: remove(thing, region) for thing in orphans}
        say("waiting", seconds=EVERY_S, message=f"half made by the run that was cut off: {', '.join(why)}")
        if time.monotonic() > deadline:
            told = "; ".join(f"{name}: {text}" for name, text in why.items())
            raise Trouble("remains", REMAINS.format(told))
        time.sleep(EVERY_S)


def _orphans(opened: Opened, wanted: list[tuple[str, str]], region: str) -> list[Any]:
    """Things of this stack in the account that its state does not know, of the kinds that were being made."""
    from account.listing import owned

    known = {str(entry.get("id") or "") for entry in opened.resources}
    drill = opened.ask.config.get("bascule:drill", "")
    # One that is being ended still has its address.
    found, _unknown = owned(opened.ask.policy, region, ending=True)
    return [
        thing
        for thing in found
        if (thing.kind, thing.machine) in wanted
        and thing.drill == drill
        and not thing.detail.get("goes_at")
        and not any(thing.id == name or name.startswith(thing.id) for name in known)
    ]


def _forget(opened: Opened) -> None:
    exported = json.loads(opened.run("stack", "export").stdout)
    operations = exported["deployment"].get("pending_operations") or []
    exported["deployment"]["pending_operations"] = [entry for entry in operations if entry["type"] != MAKING]
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as draft:
        json.dump(exported, draft)
        draft.flush()
        opened.run("stack", "import", "--file", draft.name)
    read_state(opened)
