# SPDX-License-Identifier: Apache-2.0
"""What was not verified, in a section of its own, and how far the clocks can be trusted."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from bascule_runtime.page.parts import activity_names, section, table, unit_name
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element

Report = Mapping[str, Any]
KINDS = ("system", "switch", "activity")


def unverified(say: Speech, report: Report) -> list[Optional[Element]]:
    """One entry for each kind of doubt, with all that it is about."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for entry in report["unverified"]:
        groups.setdefault(entry["code"], []).append(entry)
    if not groups:
        return [section(say, "unverified", element("p", say.word("page.nothing_unverified")))]
    names = activity_names(say, report)
    told = element("p", say.word("page.unverified_told"), class_="quiet")
    pairs = [element("div", element("dt", _sentence(say, code, entries)), _about(say, entries, names))
             for code, entries in groups.items()]
    return [section(say, "unverified", told, element("dl", pairs, class_="doubts"))]


def _sentence(say: Speech, code: str, entries: list[Mapping[str, Any]]) -> list[Node]:
    return say.sentence(f"doubt.{code}", tests=str(entries[0].get("tests", "")))


def _about(say: Speech, entries: list[Mapping[str, Any]], names: Mapping[str, str]) -> list[Node]:
    """The things that a doubt is about; what has a reason of its own stands on a line of its own."""
    plain = [_name(say, entry, names) for entry in entries if entry["about"] and not entry["why"]]
    with_reason = [element("dd", [_name(say, entry, names), " – "] if entry["about"] else None,
                           say.english(entry["why"])) for entry in entries if entry["why"]]
    return [element("dd", say.listed(plain)) if plain else None, with_reason,
            None if plain or with_reason else element("dd", say.word("page.whole_run"))]


def _name(say: Speech, entry: Mapping[str, Any], names: Mapping[str, str]) -> Node:
    about = str(entry["about"])
    is_unit = about.partition(".")[0] in KINDS
    name = unit_name(say, about, names) if is_unit else data(names.get(about, about))
    share = f" ({entry['mbco']:.0%})" if entry.get("mbco") is not None else ""
    return [name, share.replace("%", "\u00a0%") if say.language == "fr" else share]


def clocks(say: Speech, report: Report) -> list[Optional[Element]]:
    """How far each machine's clock was seen to be off, and the machines that were not seen at all."""
    if not report["clocks"] and not report["silent"]:
        return []
    rows: list[list[Node]] = [[data(name), _offset(say, offset)] for name, offset in sorted(report["clocks"].items())]
    never = set(report["run"].get("untouched") or ())
    rows += [[data(name), say.word("untouched_machine" if name in never else "silent_machine")]
             for name in report["silent"]]
    told = element("p", say.word("page.clocks_told"), class_="quiet")
    return [section(say, "clocks", told,
                    table(say.word("page.clocks"), [say.word("page.machine"), say.word("page.offset")], rows,
                          class_="stack dense"))]


def _offset(say: Speech, offset: float) -> Node:
    if not offset:
        return say.word("page.no_offset")
    return f"{'+' if offset > 0 else '−'} {say.duration(abs(offset))}"
