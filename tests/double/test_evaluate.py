# SPDX-License-Identifier: Apache-2.0
"""What policies allow; each case is a sentence of the IAM User Guide (evaluation logic, elements of JSON policies)."""

from __future__ import annotations

from typing import Any

import pytest

from bascule_double.errors import DoubleError
from bascule_double.evaluate import NOT_PROVEN, Decision, Request, decide

BUCKET = "arn:aws:s3:::copies"
READ = {"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": f"{BUCKET}/data/*"}
NO_DELETE = {"Sid": "Keep", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}
ALL = {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}
ONLY_LOCKS = {"Effect": "Deny", "Action": "*", "NotResource": f"{BUCKET}/locks/*"}
TLS = {
    "Sid": "Tls",
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.mark.parametrize(
    ("statements", "action", "resource", "allowed", "by"),
    [
        ((READ,), "s3:GetObject", f"{BUCKET}/data/a", True, "Read"),
        ((READ,), "S3:getobject", f"{BUCKET}/data/a", True, "Read"),
        ((READ,), "s3:GetObject", f"{BUCKET}/Data/a", False, ""),
        ((READ,), "s3:GetObject", "arn:aws:s3:::copies2/data/a", False, ""),
        ((READ,), "s3:DeleteObject", f"{BUCKET}/data/a", False, ""),
        ((ALL, NO_DELETE), "s3:DeleteObject", f"{BUCKET}/data/a", False, "Keep"),
        ((NO_DELETE, ALL), "s3:GetObject", f"{BUCKET}/data/a", True, "All"),
        (({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},), "iam:CreateUser", "*", False, ""),
        (({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},), "s3:GetObject", "x", True, "statement 1"),
        ((ONLY_LOCKS, ALL), "s3:DeleteObject", f"{BUCKET}/data/a", False, "statement 1"),
        ((ONLY_LOCKS, ALL), "s3:DeleteObject", f"{BUCKET}/locks/a", True, "All"),
        (({"Effect": "Allow", "Action": "s3:?etObject", "Resource": "*"},), "s3:GetObject", "x", True, "statement 1"),
        (({"Effect": "Allow", "Action": "s3:[G]etObject", "Resource": "*"},), "s3:GetObject", "x", False, ""),
    ],
)  # fmt: skip
def test_actions_and_resources(statements: Any, action: str, resource: str, allowed: bool, by: str) -> None:
    assert decide(Request(action, resource), policy(*statements)) == Decision(allowed, by, NOT_PROVEN)


def test_all_policies_count_and_a_refusal_in_any_wins() -> None:
    request = Request("s3:DeleteObject", f"{BUCKET}/data/a", context={"aws:SecureTransport": True})
    assert decide(request, policy(ALL), policy(TLS))
    assert not decide(request, policy(ALL), policy(NO_DELETE))
    assert not decide(request)


def test_a_policy_of_a_bucket_is_for_whom_it_names() -> None:
    me, other = "arn:aws:iam::123456789012:user/writer", "arn:aws:iam::123456789012:user/other"
    shared = policy({"Effect": "Allow", "Principal": {"AWS": [me]}, "Action": "s3:GetObject", "Resource": "*"})
    assert decide(Request("s3:GetObject", "x", principal=me), shared)
    assert not decide(Request("s3:GetObject", "x", principal=other), shared)


@pytest.mark.parametrize(
    ("condition", "context", "allowed"),
    [
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a"}}, {"k": "A"}, False),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringLike": {"k": "copies/*"}}, {"k": "copies/x"}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "true"}}, {"k": "a"}, False),
        ({"Bool": {"k": "true"}, "StringEquals": {"l": "a"}}, {"k": True, "l": "b"}, False),
        ({"NumericLessThan": {"k": "10"}}, {"k": 9}, True),
        ({"NumericGreaterThan": {"k": "10"}}, {"k": 10}, False),
        ({"ArnLike": {"k": "arn:aws:s3:::a*"}}, {"k": "arn:aws:s3:::abc"}, True),
        ({"StringLike": {"k": "home/${aws:username}/*"}}, {"k": "home/eve/x", "aws:username": "eve"}, True),
    ],
)
def test_conditions(condition: Any, context: Any, allowed: bool) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    assert bool(decide(Request("s3:GetObject", "x", context=context), policy(statement))) is allowed


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"StringEquals": {"k": "a"}}, "needs a value for the condition key k"),
        ({"IpAddress": {"known": "10.0.0.0/8"}}, "does not know the condition operator IpAddress"),
        ({"StringLike": {"known": "${aws:username}"}}, "needs a value for the policy's variable"),
    ],
)
def test_what_it_does_not_know_it_does_not_guess(condition: Any, words: str) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    with pytest.raises(DoubleError, match=words):
        decide(Request("s3:GetObject", "x", context={"known": "10.0.0.1"}), policy(statement))
