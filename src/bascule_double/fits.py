# SPDX-License-Identifier: Apache-2.0
"""What a value must look like. Each takes a known value and answers what is wrong with it, "" when nothing is."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any


def network(value: str) -> str:
    """An IPv4 range of which the bits behind the mask are 0."""
    try:
        ipaddress.IPv4Network(value)
    except ValueError as error:
        return f"{value!r} is no range of IPv4 addresses in CIDR notation: {error}"
    return ""


def sized_network(shortest: int, longest: int) -> Callable[[str], str]:
    """An IPv4 range with a mask between two lengths, in bits."""

    def fits(value: str) -> str:
        wrong = network(value)
        length = 0 if wrong else ipaddress.IPv4Network(value).prefixlen
        if wrong or shortest <= length <= longest:
            return wrong
        return f"{value!r} must have a mask of /{shortest} to /{longest}"

    return fits


def address(value: str) -> str:
    """An IPv4 address."""
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return f"{value!r} is no IPv4 address"
    return ""


def pattern(expression: str, what: str) -> Callable[[str], str]:
    """A text that matches an expression as a whole; `what` says it in words."""
    compiled = re.compile(expression)

    def fits(value: str) -> str:
        return "" if compiled.fullmatch(value) else f"{value!r} is not {what}"

    return fits


def json_document(value: str) -> str:
    """A JSON object, as policies are."""
    try:
        found = json.loads(value)
    except ValueError as error:
        return f"this is no JSON: {error}"
    return "" if isinstance(found, dict) else "this is no JSON object"


def same_json(one: Any, other: Any) -> bool:
    """Whether two texts are the same JSON, apart from its order and from lists of one."""
    try:
        return bool(settled(json.loads(one)) == settled(json.loads(other)))
    except (TypeError, ValueError):
        return bool(one == other)


def settled(value: Any) -> Any:
    """JSON with what means the same made the same: a list of one is its member, lists of texts are sorted."""
    if isinstance(value, dict):
        return {key: settled(item) for key, item in value.items()}
    if isinstance(value, list):
        members = [settled(item) for item in value]
        if len(members) == 1:
            return members[0]
        return sorted(members) if all(isinstance(item, str) for item in members) else members
    return value


arn = pattern(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws)?:.+", "an ARN (arn:aws:service:region:account:name)")
account = pattern(r"\d{12}", "the number of an account, twelve digits")
