# SPDX-License-Identifier: Apache-2.0
"""Names that the provider gives to resources which were given none."""

from __future__ import annotations

import hashlib

from bascule_double.rules import Naming, Type
from bascule_double.values import Properties

RANDOM = 7


def named(
    type_: Type, inputs: Properties, old: Properties, logical: str, seed: bytes, proposed: str | None
) -> Properties:
    """The inputs with a name where one is missing: the one it had, the one the engine proposes, or a new one.

    `__defaults` lists what was filled in, as the provider does.
    """
    rule = type_.naming
    if not rule:
        return inputs
    prefix_key = f"{rule.property}Prefix"
    if rule.property in inputs or prefix_key in inputs:
        return inputs | {"__defaults": []}
    before = old.get(rule.property) if rule.property in old.get("__defaults", []) else None
    return inputs | {rule.property: before or proposed or made_up(rule, logical, seed), "__defaults": [rule.property]}


def made_up(rule: Naming, logical: str, seed: bytes) -> str:
    """The logical name, cut so that all fits, and seven characters that follow from the seed of the engine."""
    word = f"{rule.prefix}{logical}"[: rule.most - RANDOM - 1]
    name = f"{word}-{hashlib.sha256(seed + logical.encode()).hexdigest()[:RANDOM]}"
    return name.lower() if rule.lower else name
