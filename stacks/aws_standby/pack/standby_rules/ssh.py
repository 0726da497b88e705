# SPDX-License-Identifier: Apache-2.0
"""SSH is open to those who administrate, not to the world."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

SSH = 22
# A range as wide as this is the world, in one piece or in two.
_WIDEST = {4: 8, 6: 19}
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
GROUPS = (
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
)


def open_to_the_world(kind: str, props: Mapping[str, Any], _plan: Mapping[str, Any] | None) -> Iterable[str]:
    """Yield each opening of SSH to the world."""
    if kind == RULE:
        yield from _open(props, "ipProtocol", [props.get("cidrIpv4"), props.get("cidrIpv6")])
    if kind == OLD_RULE and props.get("type") == "ingress":
        yield from _open(props, "protocol", _networks(props))
    if kind in GROUPS:
        for rule in props.get("ingress") or ():
            yield from _open(rule, "protocol", _networks(rule))


def _networks(rule: Mapping[str, Any]) -> list[Any]:
    return [*(rule.get("cidrBlocks") or ()), *(rule.get("ipv6CidrBlocks") or ())]


def _open(rule: Mapping[str, Any], protocol: str, networks: list[Any]) -> Iterable[str]:
    wide = [network for network in networks if network and _is_wide(str(network))]
    if wide and _includes_ssh(rule, str(rule.get(protocol))):
        yield f"SSH is open to {', '.join(map(str, wide))}; allow the networks of those who administrate only"


def _includes_ssh(rule: Mapping[str, Any], protocol: str) -> bool:
    if protocol in ("-1", "all"):
        return True
    if protocol not in ("tcp", "6"):
        return False
    return int(rule.get("fromPort") or 0) <= SSH <= int(rule.get("toPort") or 0)


def _is_wide(network: str) -> bool:
    parsed = ipaddress.ip_network(network, strict=False)
    return (not parsed.is_private and parsed.prefixlen < _WIDEST[parsed.version]) or parsed.prefixlen == 0
