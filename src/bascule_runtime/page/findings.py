# SPDX-License-Identifier: Apache-2.0
"""Lists of findings that a report carries and this page has no section of its own for, shown as they are."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from bascule_runtime.page.parts import section, table
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element

Report = Mapping[str, Any]
# What other sections tell of.
TOLD = frozenset({"activities", "outlook", "systems", "controllers", "left", "units", "stages", "timeline",
                  "critical_path", "recovered", "unverified", "problems", "notes", "silent"})


def findings(say: Speech, report: Report) -> list[Optional[Element]]:
    """A table for each list of entries; its columns are the keys that the entries have."""
    lists = {key: value for key, value in report.items() if key not in TOLD and isinstance(value, list) and value}
    return [section(say, "findings", [_list(say, key, entries) for key, entries in lists.items()])] if lists else []


def _label(say: Speech, key: str) -> Node:
    for known in (f"finding.{key}", key):
        if say.known(known):
            return say.word(known)
    return data(key.replace("_", " "))


def _list(say: Speech, key: str, entries: list[Any]) -> Element:
    if not all(isinstance(entry, Mapping) for entry in entries):
        return element("div", element("h3", _label(say, key)),
                       element("ul", [element("li", say.english(_plain(entry))) for entry in entries]))
    columns = list(dict.fromkeys(name for entry in entries for name in entry))
    rows = [[_cell(say, entry.get(name)) for name in columns] for entry in entries]
    return table(_label(say, key), [_label(say, name) for name in columns], rows)


def _cell(say: Speech, value: Any) -> Node:
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return say.word("page.yes" if value else "page.no")
    if isinstance(value, str) and say.known(f"finding.{value}"):
        return say.word(f"finding.{value}")
    return say.english(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        names = value.get("en") if set(value) <= {"en", "fr"} and value else None
        return str(names or ", ".join(f"{key}: {_plain(entry)}" for key, entry in value.items()))
    return ", ".join(_plain(entry) for entry in value) if isinstance(value, (list, tuple)) else str(value)
