# SPDX-License-Identifier: Apache-2.0
"""What load balancers and what belongs to them take, and what a change of it does."""

from __future__ import annotations

from bascule_double import fits
from bascule_double.rules import TAGS, Naming, Type, block, flag, many, needed, text, whole
from bascule_double.types import balancers as work
from bascule_double.values import UNKNOWN, Properties

BALANCER = "upstream elbv2/load_balancer.go"
GROUP = "upstream elbv2/target_group.go"
TARGET = "upstream elbv2/target_group_attachment.go"
LISTENER = "upstream elbv2/listener.go"
NAME = fits.pattern(r"(?!-)[a-zA-Z0-9-]{1,32}(?<!-)", "1 to 32 letters, figures and hyphens, none at its ends")
PORT = {"least": 1, "most": 65535}

HEALTH_CHECK = block(
    {
        "healthyThreshold": whole("The range is 2-10", least=2, most=10, chosen=True),
        "interval": whole("The range is 5-300", least=5, most=300, chosen=True),
        "matcher": text(chosen=True),
        "path": text(chosen=True),
        "port": text(chosen=True),
        "protocol": text("Must be one of `TCP`, `HTTP`, or `HTTPS`", choices=("TCP", "HTTP", "HTTPS"), chosen=True),
        "timeout": whole("The range is 2–120 seconds", least=2, most=120, chosen=True),
        "unhealthyThreshold": whole("The range is 2-10", least=2, most=10, chosen=True),
    },
    chosen=True,
)
ACTION = block(
    {
        "type": needed(
            text(
                "Valid values are `forward`, `redirect`, `fixed-response`",
                choices=("forward", "redirect", "fixed-response"),
            )
        ),
        "targetGroupArn": text(),
        "redirect": block(
            {
                "host": text(chosen=True),
                "path": text(chosen=True),
                "port": text(chosen=True),
                "protocol": text(
                    "Valid values are `HTTP`, `HTTPS`, or `#{protocol}`",
                    choices=("HTTP", "HTTPS", "#{protocol}"),
                    chosen=True,
                ),
                "query": text(chosen=True),
                "statusCode": needed(text("`HTTP_301`", choices=("HTTP_301", "HTTP_302"))),
            }
        ),
        "fixedResponse": block({"contentType": needed(text()), "messageBody": text(), "statusCode": text()}),
    }
)


def listener_together(inputs: Properties) -> list[tuple[str, str]]:
    protocol, found = inputs.get("protocol"), []
    if protocol == "HTTPS":
        wanted = ("certificateArn", "sslPolicy")
        found += [(key, f"{key!r} is required with the protocol HTTPS") for key in wanted if inputs.get(key) is None]
    actions = inputs.get("defaultActions")
    for index, action in enumerate(actions if isinstance(actions, list) else []):
        kind = action.get("type") if action is not UNKNOWN else UNKNOWN
        key = {"forward": "targetGroupArn", "redirect": "redirect", "fixed-response": "fixedResponse"}.get(kind)
        if key and action.get(key) is None:
            found.append((f"defaultActions[{index}].{key}", f"an action of type {kind} needs {key!r}"))
    return found


TYPES = (
    Type(
        "aws:lb/loadBalancer:LoadBalancer",
        {
            "dropInvalidHeaderFields": flag(default=False),
            "enableDeletionProtection": flag(default=False),
            "internal": flag(f"{BALANCER}: internal: ForceNew", replaces=True, chosen=True),
            "loadBalancerType": text(
                "Possible values are `application`, `gateway`, or `network`",
                f"{BALANCER}: load_balancer_type: ForceNew",
                choices=("application", "gateway", "network"),
                default="application",
                replaces=True,
            ),
            "name": text(
                "can have a maximum of 32 characters", f"{BALANCER}: name: ForceNew", fits=NAME, replaces=True
            ),
            "securityGroups": many(text(), unordered=True, chosen=True),
            "subnets": many(text(), unordered=True, chosen=True),
            "tags": TAGS,
        },
        ("arn", "arnSuffix", "dnsName", "vpcId", "zoneId", "subnets", "securityGroups", "internal"),
        work.balancer_create,
        work.balancer_read,
        work.balancer_delete,
        work.balancer_update,
        naming=Naming("name", 32),
    ),
    Type(
        "aws:lb/targetGroup:TargetGroup",
        {
            "healthCheck": HEALTH_CHECK,
            "name": text("can have a maximum of 32 characters", f"{GROUP}: name: ForceNew", fits=NAME, replaces=True),
            "port": whole(f"{GROUP}: port: ForceNew", f"{GROUP}: port: ValidateFunc", replaces=True, **PORT),
            "protocol": text(
                "Should be one of `GENEVE`, `HTTP`, `HTTPS`",
                f"{GROUP}: protocol: ForceNew",
                choices=("GENEVE", "HTTP", "HTTPS", "TCP", "TCP_UDP", "TLS", "UDP", "QUIC", "TCP_QUIC"),
                replaces=True,
            ),
            "tags": TAGS,
            "targetType": text(
                f"{GROUP}: target_type: ForceNew",
                choices=("instance", "ip", "lambda", "alb"),
                default="instance",
                replaces=True,
            ),
            "vpcId": text(f"{GROUP}: vpc_id: ForceNew", replaces=True),
        },
        ("arn", "arnSuffix", "healthCheck"),
        work.group_create,
        work.group_read,
        work.group_delete,
        work.group_update,
        naming=Naming("name", 32),
    ),
    Type(
        "aws:lb/targetGroupAttachment:TargetGroupAttachment",
        {
            "port": whole(f"{TARGET}: port: ForceNew", replaces=True, chosen=True, **PORT),
            "targetGroupArn": needed(text(f"{TARGET}: target_group_arn: ForceNew", replaces=True)),
            "targetId": needed(text(f"{TARGET}: target_id: ForceNew", replaces=True)),
        },
        (),
        work.target_create,
        work.target_read,
        work.target_delete,
    ),
    Type(
        "aws:lb/listener:Listener",
        {
            "certificateArn": text(f"{LISTENER}: certificate_arn: ValidateFunc", fits=fits.arn),
            "defaultActions": needed(many(ACTION)),
            "loadBalancerArn": needed(text(f"{LISTENER}: load_balancer_arn: ForceNew", replaces=True)),
            "port": whole(f"{LISTENER}: port: IntBetween", **PORT),
            "protocol": text(
                "For Application Load Balancers, valid values are `HTTP` and `HTTPS`",
                choices=("HTTP", "HTTPS"),
                chosen=True,
            ),
            "sslPolicy": text(chosen=True),
            "tags": TAGS,
        },
        ("arn", "sslPolicy", "protocol"),
        work.listener_create,
        work.listener_read,
        work.listener_delete,
        work.listener_update,
        together=listener_together,
        says=(
            "Required if `protocol` is `HTTPS` or `TLS`",
            "Exactly one certificate is required if the protocol is HTTPS",
        ),
    ),
)
