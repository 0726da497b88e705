# SPDX-License-Identifier: Apache-2.0
"""What both sides no longer share, and other lists of findings that a report carries, shown as they are."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from bascule_runtime.page.parts import activity_names, section, table, verdict
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element

Report = Mapping[str, Any]
# What other sections tell of.
TOLD = frozenset({"activities", "outlook", "systems", "controllers", "left", "units", "stages", "timeline",
                  "critical_path", "recovered", "brought_home", "unverified", "problems", "notes", "silent"})
LEVELS = {"breaks": "bad"}


def findings(say: Speech, report: Report) -> list[Optional[Element]]:
    """A table for each list of entries; its columns are the keys that the entries have."""
    lists = {key: value for key, value in report.items() if key not in TOLD and isinstance(value, list) and value}
    parts = [*_drift(say, report), *(_list(say, key, entries) for key, entries in lists.items())]
    return [section(say, "findings", parts)] if parts else []


def _drift(say: Speech, report: Report) -> list[Element]:
    """By level, worst first: what differs, whom it hits, what it would do, what to do."""
    drift = report.get("drift") or {"compared": (), "findings": ()}
    old = [element("p", data(entry["source"]), f" – {say.word('drift_kept')}, ", say.moment(entry["at"]), class_="note")
           for entry in drift["compared"] if entry["kept"]]
    if not drift["findings"]:
        return [element("p", say.word("drift_none")), *old] if drift["compared"] else []
    names = activity_names(say, report)
    rows: list[list[Node]] = []
    for entry in drift["findings"]:
        says = entry["says"][say.language]
        whom = [data(names.get(name, name)) for name in entry["activities"] or entry["systems"]]
        rows.append([verdict(say, entry["level"], LEVELS.get(entry["level"], "open")), say.listed(whom),
                     [data(says["what"]), " ", data(says["would"])], data(says["do"])])
    head = [say.word("result"), say.word("activity"), say.word("page.what"), say.word("do")]
    return [table(say.word("drift"), head, rows), *old]


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
