# SPDX-License-Identifier: Apache-2.0
"""Decides what policies of IAM allow, where moto cannot: conditions, policies of buckets beside those of identities.

It follows the IAM User Guide (Policy evaluation logic, within one account): a statement that denies wins, then one that
allows, else no. What it does not know (an operator of conditions, a key without a value) is an error, never a guess.
Whatever it decides is not proven on AWS, and each decision says so.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bascule_double.errors import DoubleError

NOT_PROVEN = "not proven on AWS"
Policy = Mapping[str, Any] | str


@dataclass(frozen=True)
class Request:
    """What somebody wants to do. `principal` is an ARN; `context` holds the values of condition keys."""

    action: str
    resource: str
    principal: str = "*"
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """Whether it is allowed, and by which statement: its Sid, `statement 1` without one, "" when none says anything."""

    allowed: bool
    by: str
    note: str = NOT_PROVEN

    def __bool__(self) -> bool:
        return self.allowed


def decide(request: Request, *policies: Policy) -> Decision:
    """Decide a request by all policies that are about it: of the identity, of the resource. Raises DoubleError."""
    allowed = ""
    for sid, statement in statements(policies):
        if not is_about(request, statement):
            continue
        if statement.get("Effect") == "Deny":
            return Decision(False, sid)
        allowed = allowed or sid
    return Decision(bool(allowed), allowed)


def statements(policies: Sequence[Policy]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each statement with its name."""
    for policy in policies:
        document = json.loads(policy) if isinstance(policy, str) else policy
        for index, statement in enumerate(listed(document.get("Statement", []))):
            yield str(statement.get("Sid") or f"statement {index + 1}"), statement


def listed(value: Any) -> list[Any]:
    """A value as a list: policies may leave out the brackets of a list of one."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def is_about(request: Request, statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about a request, in all that it names."""
    return (
        matches(statement, "Action", request.action, fold=True)
        and matches(statement, "Resource", request.resource, fold=False, context=request.context)
        and names_principal(statement, request.principal)
        and all(
            condition(operator, key, wanted, request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def matches(
    statement: Mapping[str, Any], key: str, value: str, fold: bool, context: Mapping[str, Any] | None = None
) -> bool:
    """Whether `Action` or `Resource` of a statement fits a value, or its `NotAction`, `NotResource` does not."""
    inverted = f"Not{key}" in statement
    patterns = listed(statement.get(f"Not{key}" if inverted else key, []))
    return any(like(filled(pattern, context or {}), value, fold) for pattern in patterns) != inverted


def like(pattern: str, value: str, fold: bool = False) -> bool:
    """`*` stands for any text, `?` for one character; nothing else is special."""
    pattern = pattern.replace("[", "[[]")
    return fnmatch.fnmatchcase(value.lower(), pattern.lower()) if fold else fnmatch.fnmatchcase(value, pattern)


def filled(pattern: str, context: Mapping[str, Any]) -> str:
    """A text with its variables (`${aws:username}`) filled in. Raises DoubleError for one that has no value."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in context:
            raise DoubleError(f"The evaluator needs a value for the policy's variable {found[0]}.")
        return str(context[found[1]])

    return re.sub(r"\$\{([a-zA-Z0-9:/-]+)\}", value, pattern)


def names_principal(statement: Mapping[str, Any], principal: str) -> bool:
    """Whether a statement is about somebody; those of an identity's own policy name nobody and are about it."""
    key = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    if key not in statement:
        return True
    named = statement[key]
    all_named = [named] if isinstance(named, str) else [one for kind in named.values() for one in listed(kind)]
    return any(one in ("*", principal) for one in all_named) != (key == "NotPrincipal")


def condition(operator: str, key: str, wanted: Any, context: Mapping[str, Any]) -> bool:
    """Whether one condition holds. Raises DoubleError for an operator that is not known, or a key without a value."""
    name, optional = re.fullmatch(r"(\w+?)(IfExists)?", operator).groups()  # type: ignore[union-attr]
    if name == "Null":
        return (key in context) == (str(listed(wanted)[0]).lower() == "false")
    if key not in context:
        if optional:
            return True
        raise DoubleError(
            f"The evaluator needs a value for the condition key {key}: put it into the request's context."
        )
    known = OPERATORS.get(name)
    if not known:
        raise DoubleError(f"The evaluator does not know the condition operator {operator}.")
    holds, inverted = known
    return any(holds(str(context[key]), filled(str(one), context)) for one in listed(wanted)) != inverted


def same(value: str, wanted: str) -> bool:
    return value == wanted


def same_folded(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


def fits_pattern(value: str, wanted: str) -> bool:
    return like(wanted, value)


def same_number(value: str, wanted: str) -> bool:
    return float(value) == float(wanted)


def less(value: str, wanted: str) -> bool:
    return float(value) < float(wanted)


def more(value: str, wanted: str) -> bool:
    return float(value) > float(wanted)


# Operator → how a value is compared, and whether it holds when none fits.
OPERATORS = {
    "StringEquals": (same, False),
    "StringNotEquals": (same, True),
    "StringEqualsIgnoreCase": (same_folded, False),
    "StringLike": (fits_pattern, False),
    "StringNotLike": (fits_pattern, True),
    "ArnEquals": (fits_pattern, False),
    "ArnLike": (fits_pattern, False),
    "ArnNotLike": (fits_pattern, True),
    "Bool": (same_folded, False),
    "NumericEquals": (same_number, False),
    "NumericLessThan": (less, False),
    "NumericGreaterThan": (more, False),
}
