# SPDX-License-Identifier: Apache-2.0
"""What a change of inputs does: nothing, an update, or a new resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bascule_double.rules import Input, Type
from bascule_double.values import UNKNOWN, Properties, has_unknown


@dataclass(frozen=True)
class Change:
    """What differs. `changed` and `replaces` are names of inputs; `kinds` says add, delete or update for each."""

    changed: tuple[str, ...]
    replaces: tuple[str, ...]
    kinds: dict[str, str]
    delete_first: bool


def diff(type_: Type, state: Properties, old: Properties, new: Properties, ignored: Sequence[str] = ()) -> Change:
    """Compare the inputs that a resource was last given with new ones.

    `state` is all that is known of it: an input that is written for the first time, as it is already, changes nothing.
    """
    rules = type_.all_inputs()
    kinds = {
        key: kind
        for key, rule in rules.items()
        if key not in ignored and (kind := change_of(rule, state.get(key), old.get(key), new.get(key)))
    }
    forced = set(type_.forces(state | old, new)) if type_.forces else set()
    changed = tuple(sorted(kinds))
    replaces = tuple(key for key in changed if rules[key].replaces or key in forced or not type_.update)
    return Change(changed, replaces, kinds, bool(replaces) and (type_.delete_first or keeps_its_name(type_, old, new)))


def change_of(rule: Input, here: Any, old: Any, new: Any) -> str:
    """`add`, `delete`, `update`, or "" when nothing changes."""
    if new is None:
        if old is None or rule.chosen or (rule.default is not None and same(rule, old, rule.default)):
            return ""
        return "delete"
    if old is None:
        before = here if here is not None else rule.default
        return "" if before is not None and same(rule, before, new) else "add"
    return "" if same(rule, old, new) else "update"


def same(rule: Input, one: Any, other: Any) -> bool:
    """Whether two values mean the same. What is unknown is the same as nothing."""
    if has_unknown(one) or has_unknown(other):
        return False
    if rule.same:
        return rule.same(one, other)
    if rule.kind == "block" and isinstance(one, dict) and isinstance(other, dict):
        return all(
            not change_of(field, one.get(key), one.get(key), other.get(key)) for key, field in rule.fields.items()
        )
    if rule.kind == "many" and rule.item and isinstance(one, list) and isinstance(other, list):
        return same_lists(rule, one, other)
    return bool(one == other)


def same_lists(rule: Input, one: list[Any], other: list[Any]) -> bool:
    """Whether two lists have the same members, in any order when they are sets."""
    assert rule.item
    if len(one) != len(other):
        return False
    if not rule.unordered:
        return all(same(rule.item, left, right) for left, right in zip(one, other, strict=True))
    rest = list(other)
    for left in one:
        found = next((right for right in rest if same(rule.item, left, right)), UNKNOWN)
        if found is UNKNOWN:
            return False
        rest.remove(found)
    return True


def keeps_its_name(type_: Type, old: Properties, new: Properties) -> bool:
    """Whether the new one would have the written name of the old one, so that both cannot be there at once."""
    if not type_.naming:
        return False
    name = type_.naming.property
    return name not in new.get("__defaults", []) and same(type_.inputs[name], old.get(name), new.get(name))
