# SPDX-License-Identifier: Apache-2.0
"""Whether what answers is well: route53.HealthCheck."""

from __future__ import annotations

from typing import Any

from bascule_double import fits
from bascule_double.rules import TAGS, Type, flag, needed, text, whole
from bascule_double.session import Session
from bascule_double.types.names import reference, retag, tags_of
from bascule_double.values import UNKNOWN, Properties, without_none

CHECK = "upstream route53/health_check.go"
CHECK_TYPES = (
    "HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP", "CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL",
)  # fmt: skip
# Property of a health check → word of Route 53.
CHECK_WORDS = {
    "disabled": "Disabled",
    "enableSni": "EnableSNI",
    "failureThreshold": "FailureThreshold",
    "fqdn": "FullyQualifiedDomainName",
    "insufficientDataHealthStatus": "InsufficientDataHealthStatus",
    "invertHealthcheck": "Inverted",
    "ipAddress": "IPAddress",
    "measureLatency": "MeasureLatency",
    "port": "Port",
    "requestInterval": "RequestInterval",
    "resourcePath": "ResourcePath",
    "searchString": "SearchString",
    "type": "Type",
}
# What Route 53 does not take in an update of a health check (API Reference, UpdateHealthCheck).
FIXED = ("Type", "RequestInterval", "MeasureLatency")


def check_words(new: Properties) -> dict[str, Any]:
    """A health check as Route 53 wants it."""
    words = {word: new[key] for key, word in CHECK_WORDS.items() if new.get(key) is not None}
    if new.get("cloudwatchAlarmName"):
        words["AlarmIdentifier"] = {"Name": new["cloudwatchAlarmName"], "Region": new["cloudwatchAlarmRegion"]}
    return words


def check_create(session: Session, new: Properties) -> str:
    route53 = session.client("route53")
    ref = f"{new.get('referenceName', '')}{reference(session.name)}"
    id_ = str(route53.create_health_check(CallerReference=ref, HealthCheckConfig=check_words(new))["HealthCheck"]["Id"])
    retag(session, "healthcheck", id_, {}, new)
    return id_


def check_read(session: Session, id_: str, state: Properties) -> Properties:
    found = session.client("route53").get_health_check(HealthCheckId=id_)["HealthCheck"]["HealthCheckConfig"]
    alarm = found.get("AlarmIdentifier") or {}
    return {
        "arn": f"arn:aws:route53:::healthcheck/{id_}",
        **{key: found[word] for key, word in CHECK_WORDS.items() if word in found},
        **without_none(cloudwatchAlarmName=alarm.get("Name"), cloudwatchAlarmRegion=alarm.get("Region")),
        **tags_of(session, "healthcheck", id_),
    }


def check_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    words = {word: value for word, value in check_words(new).items() if word not in FIXED}
    session.client("route53").update_health_check(HealthCheckId=id_, **words)
    retag(session, "healthcheck", id_, old, new)


def check_delete(session: Session, id_: str, state: Properties) -> None:
    session.client("route53").get_health_check(HealthCheckId=id_)
    session.client("route53").delete_health_check(HealthCheckId=id_)


def check_together(inputs: Properties) -> list[tuple[str, str]]:
    """What Route 53 wants of each kind of check (API Reference, HealthCheckConfig)."""
    kind = inputs.get("type")
    found = []
    if kind == "CLOUDWATCH_METRIC":
        wanted = ("cloudwatchAlarmName", "cloudwatchAlarmRegion")
        found += [(key, f"a check of type {kind} needs {key!r}") for key in wanted if inputs.get(key) is None]
    elif kind in CHECK_TYPES[:5] and inputs.get("fqdn") is None and inputs.get("ipAddress") is None:
        found.append(("fqdn", f"a check of type {kind} needs 'fqdn' or 'ipAddress'"))
    if kind == "TCP" and inputs.get("port") is None:
        found.append(("port", "a check of type TCP needs 'port'"))
    interval = inputs.get("requestInterval")
    if interval not in (None, UNKNOWN, 10, 30):
        found.append(("requestInterval", f"requestInterval is 10 or 30 seconds, not {interval}"))
    return found


TYPES = (
    Type(
        "aws:route53/healthCheck:HealthCheck",
        {
            "cloudwatchAlarmName": text(),
            "cloudwatchAlarmRegion": text(),
            "disabled": flag(default=False),
            "enableSni": flag(chosen=True),
            "failureThreshold": whole(f"{CHECK}: failure_threshold: IntBetween", least=1, most=10, chosen=True),
            "fqdn": text(f"{CHECK}: fqdn: StringLenBetween", fits=fits.pattern(r".{0,255}", "at most 255 characters")),
            "insufficientDataHealthStatus": text(
                "Valid values are `Healthy` , `Unhealthy` and `LastKnownStatus`",
                choices=("Healthy", "Unhealthy", "LastKnownStatus"),
                chosen=True,
            ),
            "invertHealthcheck": flag(default=False),
            "ipAddress": text(f"{CHECK}: ip_address: IsIPAddress", fits=fits.address),
            "measureLatency": flag(f"{CHECK}: measure_latency: ForceNew", default=False, replaces=True),
            "port": whole(f"{CHECK}: port: IsPortNumber", least=1, most=65535, chosen=True),
            "referenceName": text(
                f"{CHECK}: reference_name: ForceNew",
                f"{CHECK}: reference_name: StringLenBetween",
                fits=fits.pattern(r".{0,27}", "at most 27 characters"),
                replaces=True,
            ),
            "requestInterval": whole(f"{CHECK}: request_interval: ForceNew", replaces=True, chosen=True),
            "resourcePath": text(
                f"{CHECK}: resource_path: StringLenBetween", fits=fits.pattern(r".{0,255}", "at most 255 characters")
            ),
            "searchString": text(),
            "tags": TAGS,
            "type": needed(
                text(
                    "Valid values are `HTTP`, `HTTPS`, `HTTP_STR_MATCH`",
                    f"{CHECK}: type: ForceNew",
                    choices=CHECK_TYPES,
                    replaces=True,
                )
            ),
        },
        ("arn",),
        check_create,
        check_read,
        check_delete,
        check_update,
        together=check_together,
        regional=False,
    ),
)
