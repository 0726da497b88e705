# SPDX-License-Identifier: Apache-2.0
"""Pieces that sections of the page share: headings, tables, marks of verdicts, links to what is told elsewhere."""

from __future__ import annotations

import re
from typing import Any, Mapping, Optional, Sequence

from bascule_runtime import words
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element, flat

# What a verdict or word looks like: a sign and a tone, never a tone alone.
SIGNS = {"good": "M4 10.5l4 4 8-9", "bad": "M5 5l10 10M15 5L5 15", "open": "M4 10h12"}
TONES = {"kept": "good", "missed": "bad", "not_shown": "open", "failed": "bad", "unreachable": "bad", "blocked": "bad"}


def tone(word: str) -> str:
    """`good`, `bad` or `open` for a verdict or a word of a result; only what was seen to be usable is good."""
    return TONES.get(word, "good" if word == "usable" else "open")


def sign(kind: str) -> Element:
    """The sign of a tone, for the eye only."""
    path = element("path", d=SIGNS[kind])
    return element("svg", path, class_=f"sign {kind}", viewBox="0 0 20 20", aria_hidden="true")


def verdict(say: Speech, word: str, kind: Optional[str] = None) -> Element:
    """A word with its sign."""
    chosen = kind or tone(word)
    return element("span", sign(chosen), " ", say.word(word), class_=f"verdict {chosen}")


def done(say: Speech, word: str) -> Element:
    """The word of a unit or system, which is good already when it was done as it should."""
    return verdict(say, word, "good" if words.passed(word) else tone(word))


def section(say: Speech, key: str, *children: Node) -> Element:
    """A section with its heading `page.KEY` and its anchor `KEY`."""
    name = key.replace("_", "-")
    head = element("h2", say.word(f"page.{key}"), id=f"h-{name}")
    return element("section", head, children, id=name, aria_labelledby=f"h-{name}")


def table(caption: Node, head: Sequence[Node], rows: Sequence[Sequence[Node]], **attributes: object) -> Element:
    """A table whose first column heads its rows, and which becomes a list of rows where the page is narrow."""
    labels = [flat(_text(cell)) for cell in head]
    top = element("tr", [element("th", cell, scope="col", role="columnheader") for cell in head], role="row")
    body = [element("tr", element("th", row[0], scope="row", role="rowheader"),
                    [element("td", element("div", cell), role="cell", data_label=label)
                     for cell, label in zip(row[1:], labels[1:])], role="row") for row in rows]
    return element("table", element("caption", caption), element("thead", top, role="rowgroup"),
                   element("tbody", body, role="rowgroup"), role="table", **{"class_": "stack", **attributes})


def _text(node: Node) -> str:
    if isinstance(node, str):
        return node
    if isinstance(node, Element):
        return _text(node.children)
    return "" if node is None else "".join(_text(child) for child in node)


def facts(pairs: Sequence[tuple[Node, Node]]) -> Optional[Element]:
    """Pairs of a term and what it is; None when there are none."""
    if not pairs:
        return None
    return element("dl", [element("div", element("dt", term), element("dd", told)) for term, told in pairs],
                   class_="facts")


def anchor(kind: str, name: str) -> str:
    """The identity of the place that tells of something, from its name, whatever signs that has."""
    return f"{kind}-" + re.sub(r"[^A-Za-z0-9-]", lambda found: f"_{ord(found[0]):x}", name)


def unit_name(say: Speech, unit: str, activities: Mapping[str, Any]) -> Node:
    """A unit as people call it: what it is, and its name."""
    kind, _dot, subject = unit.partition(".")
    shown = activities.get(subject, subject) if kind in ("activity", "switch") else subject
    return [element("span", say.word(f"kind.{kind}"), class_="kind"), " ", data(shown)]


def activity_names(say: Speech, report: Mapping[str, Any]) -> dict[str, str]:
    """The names of the activities that the report has, by identity."""
    entries = [*report.get("activities", ()), *report.get("outlook", ())]
    return {str(entry["id"]): say.named(entry) for entry in entries}
