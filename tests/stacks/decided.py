# SPDX-License-Identifier: Apache-2.0
"""Short ways to what is decided, for tests."""

from __future__ import annotations

from typing import Any

from plans import plan
from standby_aws import blueprint, inputs

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBhpcyBpcyBubyByZWFsIGtleSBidXQgbG9va3MgbGlrZTE operator"
EXPIRES = "2027-01-31"
# What a stack is asked for, by the names of the golden previews.
ASKED: dict[str, dict[str, Any]] = {
    "protect": {"phase": "protect"},
    "activate": {"phase": "activate"},
    "drill": {"phase": "activate", "drill": "june", "expires": EXPIRES},
}


def request(**asked: Any) -> inputs.Request:
    empty = {"phase": None, "drill": None, "expires": None, "public_key": PUBLIC_KEY, "copies": None}
    return inputs.request(**{**empty, **asked})


def situation(
    readiness: str = "pilot", what: str = "protect", asked: dict[str, Any] | None = None, **changes: Any
) -> Any:
    """The situation of a plan: `changes` go to its cloud, ``asked`` to what is asked for."""
    return inputs.situation(plan(readiness, **changes), request(**{**ASKED[what], **(asked or {})}))


def decide(readiness: str = "pilot", what: str = "protect", **changes: Any) -> blueprint.Blueprint:
    return blueprint.decide(situation(readiness, what, **changes))
