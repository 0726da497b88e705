# SPDX-License-Identifier: Apache-2.0
"""The rules of the pack, as functions of plain data: no engine is needed to ask them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from standby_rules import buckets, budget, encryption, ssh, tags
from standby_rules.built import Built

Check = Callable[[str, Mapping[str, Any], Mapping[str, Any] | None], Iterable[str]]


@dataclass(frozen=True)
class Rule:
    """Asked of each resource: its type, its inputs and the plan give the violations, in sentences."""

    name: str
    description: str
    check: Check
    mandatory: bool = True


@dataclass(frozen=True)
class StackRule:
    """Asked of all resources together: gives the URN and the sentence of each violation."""

    name: str
    description: str
    check: Callable[[Sequence[Built]], Iterable[tuple[str, str]]]


RULES = (
    Rule("no-public-bucket", "Nobody outside can see a bucket.", buckets.open_to_all),
    Rule("no-open-ssh", "SSH is not open to the world.", ssh.open_to_the_world),
    Rule("encryption", "What is stored is encrypted.", encryption.not_encrypted),
    Rule("tags", "What is built says whose it is, and a drill when it must be gone.", tags.missing),
    Rule("budget", "No machine costs more a month than the site may.", budget.above),
    Rule(
        "budget-of-activation",
        "A machine that is only there after a disaster may cost more: money does not stop a recovery, but is told.",
        budget.above_in_activation,
        mandatory=False,
    ),
)
STACK_RULES = (
    StackRule("bucket-closed", "Each bucket refuses to become public.", buckets.not_closed),
    StackRule("bucket-encrypted", "Each bucket encrypts what it is given.", encryption.buckets_without),
)
