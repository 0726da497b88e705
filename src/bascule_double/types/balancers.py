# SPDX-License-Identifier: Apache-2.0
"""How users come in by a public name: application load balancers. The tables are in `balancer_table`."""

from __future__ import annotations

from typing import Any

from bascule_double.errors import Missing
from bascule_double.session import Session, named_tags, only
from bascule_double.types.bucket_settings import from_words, to_words
from bascule_double.values import Properties, without_none

ATTRIBUTES = {
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
}
HEALTH = {
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}


def elb(session: Session) -> Any:
    return session.client("elbv2")


def tags_of(session: Session, id_: str) -> Properties:
    found = elb(session).describe_tags(ResourceArns=[id_])["TagDescriptions"]
    tags = named_tags(found[0]["Tags"] if found else [])
    return {"tags": tags, "tagsAll": tags}


def retag(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """Make the tags of a balancer, a group or a listener those of its new properties."""
    before, after = old.get("tagsAll") or {}, session.tags(new)
    if gone := sorted(set(before) - set(after)):
        elb(session).remove_tags(ResourceArns=[id_], TagKeys=gone)
    if after and after != before:
        elb(session).add_tags(ResourceArns=[id_], Tags=session.tag_list(new))


def balancer_create(session: Session, new: Properties) -> str:
    words = without_none(
        Name=new["name"],
        Subnets=new.get("subnets"),
        SecurityGroups=new.get("securityGroups"),
        Scheme="internal" if new.get("internal") else "internet-facing",
        Type=new.get("loadBalancerType", "application"),
        Tags=session.tag_list(new),
    )
    id_ = str(elb(session).create_load_balancer(**words)["LoadBalancers"][0]["LoadBalancerArn"])
    balancer_attributes(session, id_, {}, new)
    return id_


def balancer_attributes(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """What cannot be said when it is made."""
    changed = [
        {"Key": word, "Value": str(new[key]).lower()}
        for key, word in ATTRIBUTES.items()
        if new.get(key) is not None and new[key] != old.get(key, False)
    ]
    if changed:
        elb(session).modify_load_balancer_attributes(LoadBalancerArn=id_, Attributes=changed)


def as_before(before: object, found: list[str]) -> list[str]:
    """What was found, in the order in which it was known before: the provider keeps it as a set."""
    known = before if isinstance(before, list) else []
    return sorted(found, key=lambda entry: (known.index(entry) if entry in known else len(known), entry))


def balancer_read(session: Session, id_: str, state: Properties) -> Properties:
    found = only(elb(session).describe_load_balancers(LoadBalancerArns=[id_])["LoadBalancers"], id_)
    answer = elb(session).describe_load_balancer_attributes(LoadBalancerArn=id_)["Attributes"]
    switches = {entry["Key"]: entry["Value"] == "true" for entry in answer}
    return {
        "arn": id_,
        "arnSuffix": id_.partition("loadbalancer/")[2],
        "dnsName": found["DNSName"],
        "zoneId": found.get("CanonicalHostedZoneId", ""),
        "vpcId": found.get("VpcId", ""),
        "name": found["LoadBalancerName"],
        "internal": found["Scheme"] == "internal",
        "loadBalancerType": found["Type"],
        "securityGroups": as_before(state.get("securityGroups"), found.get("SecurityGroups", [])),
        "subnets": as_before(state.get("subnets"), [zone["SubnetId"] for zone in found.get("AvailabilityZones", [])]),
        **{key: switches.get(word, False) for key, word in ATTRIBUTES.items()},
        **tags_of(session, id_),
    }


def balancer_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    if sorted(old.get("securityGroups") or []) != sorted(new.get("securityGroups") or []):
        elb(session).set_security_groups(LoadBalancerArn=id_, SecurityGroups=new["securityGroups"])
    if sorted(old.get("subnets") or []) != sorted(new.get("subnets") or []):
        elb(session).set_subnets(LoadBalancerArn=id_, Subnets=new["subnets"])
    balancer_attributes(session, id_, old, new)
    retag(session, id_, old, new)


def balancer_delete(session: Session, id_: str, state: Properties) -> None:
    balancer_read(session, id_, state)
    elb(session).delete_load_balancer(LoadBalancerArn=id_)


def health_words(new: Properties) -> dict[str, Any]:
    """How the health of targets is asked, as the service wants it."""
    check = new.get("healthCheck") or {}
    words = {word: check[key] for key, word in HEALTH.items() if check.get(key) is not None}
    return words | ({"Matcher": {"HttpCode": check["matcher"]}} if check.get("matcher") else {})


def group_create(session: Session, new: Properties) -> str:
    words = without_none(
        Name=new["name"],
        Port=new.get("port"),
        Protocol=new.get("protocol"),
        VpcId=new.get("vpcId"),
        TargetType=new.get("targetType"),
        Tags=session.tag_list(new),
    )
    return str(elb(session).create_target_group(**words, **health_words(new))["TargetGroups"][0]["TargetGroupArn"])


def group_read(session: Session, id_: str, state: Properties) -> Properties:
    found = only(elb(session).describe_target_groups(TargetGroupArns=[id_])["TargetGroups"], id_)
    check = {key: found[word] for key, word in HEALTH.items() if word in found}
    matcher = (found.get("Matcher") or {}).get("HttpCode")
    return {
        "arn": id_,
        "arnSuffix": id_.rpartition(":")[2],
        "name": found["TargetGroupName"],
        "port": found.get("Port"),
        "protocol": found.get("Protocol"),
        "vpcId": found.get("VpcId"),
        "targetType": found.get("TargetType", "instance"),
        "healthCheck": check | without_none(matcher=matcher),
        **tags_of(session, id_),
    }


def group_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    if words := health_words(new):
        elb(session).modify_target_group(TargetGroupArn=id_, **words)
    retag(session, id_, old, new)


def group_delete(session: Session, id_: str, state: Properties) -> None:
    group_read(session, id_, state)
    elb(session).delete_target_group(TargetGroupArn=id_)


def target_words(new: Properties) -> dict[str, Any]:
    """One target of a group."""
    target = without_none(Id=new["targetId"], Port=new.get("port"))
    return {"TargetGroupArn": new["targetGroupArn"], "Targets": [target]}


def target_create(session: Session, new: Properties) -> str:
    elb(session).register_targets(**target_words(new))
    return f"{new['targetGroupArn']}-{new['targetId']}"


def target_read(session: Session, id_: str, state: Properties) -> Properties:
    found = elb(session).describe_target_health(TargetGroupArn=state["targetGroupArn"])["TargetHealthDescriptions"]
    for entry in found:
        if entry["Target"]["Id"] == state["targetId"] and entry["TargetHealth"]["State"] != "draining":
            about = {"targetGroupArn": state["targetGroupArn"], "targetId": entry["Target"]["Id"]}
            return {**about, **without_none(port=entry["Target"].get("Port"))}
    raise Missing(f"{state['targetId']} is no target of {state['targetGroupArn']}.")


def target_delete(session: Session, id_: str, state: Properties) -> None:
    target_read(session, id_, state)
    elb(session).deregister_targets(**target_words(state))


def action_words(new: Properties) -> list[Any]:
    """What a listener does, as the service wants it."""
    words = []
    for action in new["defaultActions"]:
        entry: dict[str, Any] = {"Type": action["type"]}
        entry |= without_none(TargetGroupArn=action.get("targetGroupArn"))
        entry |= without_none(RedirectConfig=to_words(action.get("redirect")))
        words.append(entry | without_none(FixedResponseConfig=to_words(action.get("fixedResponse"))))
    return words


def listener_words(new: Properties) -> dict[str, Any]:
    """A listener, as the service wants it."""
    certificate = new.get("certificateArn")
    return without_none(
        Port=new.get("port"),
        Protocol=new.get("protocol"),
        SslPolicy=new.get("sslPolicy"),
        Certificates=[{"CertificateArn": certificate}] if certificate else None,
        DefaultActions=action_words(new),
    )


def listener_create(session: Session, new: Properties) -> str:
    words = listener_words(new) | without_none(Tags=session.tag_list(new))
    answer = elb(session).create_listener(LoadBalancerArn=new["loadBalancerArn"], **words)
    return str(answer["Listeners"][0]["ListenerArn"])


def listener_read(session: Session, id_: str, state: Properties) -> Properties:
    found = only(elb(session).describe_listeners(ListenerArns=[id_])["Listeners"], id_)
    certificates = found.get("Certificates") or [{}]
    return {
        "arn": id_,
        "loadBalancerArn": found["LoadBalancerArn"],
        "defaultActions": [read_action(action) for action in found["DefaultActions"]],
        **without_none(
            port=found.get("Port"),
            protocol=found.get("Protocol"),
            sslPolicy=found.get("SslPolicy") or None,
            certificateArn=certificates[0].get("CertificateArn"),
        ),
        **tags_of(session, id_),
    }


def read_action(action: Any) -> Properties:
    """An action of a listener, as the block of the resource."""
    named = {"redirectConfig": "redirect", "fixedResponseConfig": "fixedResponse"}
    kept = ("type", "targetGroupArn", *named)
    return {named.get(key, key): value for key, value in from_words(action).items() if key in kept}


def listener_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    elb(session).modify_listener(ListenerArn=id_, **listener_words(new))
    retag(session, id_, old, new)


def listener_delete(session: Session, id_: str, state: Properties) -> None:
    listener_read(session, id_, state)
    elb(session).delete_listener(ListenerArn=id_)
