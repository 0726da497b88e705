# SPDX-License-Identifier: Apache-2.0
"""Two plans to plain sentences: what changes for a recovery."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bascule.values import duration_text

# Part of a plan → what one of its entries is called.
_CALLED = {
    "sites": "site",
    "machines": "machine",
    "controllers": "controller",
    "observers": "observer",
    "secrets": "secret",
    "systems": "system",
    "groups": "switch group",
    "activities": "activity",
    "scenarios": "scenario",
}
_ALONE = ("policy", "switch", "firm")
# Follows from the rest, or says nothing to people.
_UNSAID = frozenset({"policy.digest"})


def sentences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Given two plans as JSON, return what differs, one sentence each, in the order of the plan."""
    if not old or not new:
        return ()
    said = [sentence for part, word in _CALLED.items() for sentence in _entries(word, old[part], new[part])]
    for part in _ALONE:
        said += _changed(part, part, old[part], new[part])
    order = [unit["id"] for unit in old["units"]], [unit["id"] for unit in new["units"]]
    if order[0] != order[1]:
        said.append(f"order of recovery: is now {', '.join(order[1])}")
    return tuple(said)


def _entries(word: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield f"{word} {name}: is no longer there"
        elif name not in old:
            yield f"{word} {name}: is new"
        else:
            yield from _changed(f"{word} {name}", "", old[name], new[name])


def _changed(subject: str, prefix: str, old: Any, new: Any) -> Iterator[str]:
    before, after = dict(_leaves(prefix, old)), dict(_leaves(prefix, new))
    for path in [*before, *(path for path in after if path not in before)]:
        was, now = before.get(path), after.get(path)
        # The parts of a prediction are told by their sum.
        if was != now and path not in _UNSAID and ".parts" not in path:
            yield f"{subject}: {_title(path, prefix)} was {_value(path, was)}, is {_value(path, now)}"


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, item)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value, 1):
            yield from _leaves(f"{path} {index}", item)
    else:
        yield path, value


def _title(path: str, prefix: str) -> str:
    shown = path.removeprefix(prefix + ".") if prefix else path
    return shown.removesuffix("_s").replace(".seconds", "").replace("_", " ").replace(".", " ")


def _value(path: str, value: Any) -> str:
    if value is None:
        return "not given"
    if isinstance(value, (int, float)) and not isinstance(value, bool) and path.endswith(("_s", ".seconds")):
        return duration_text(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
