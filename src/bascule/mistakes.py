# SPDX-License-Identifier: Apache-2.0
"""What people really type into a YAML file, recognised in what the parser lets pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from bascule.diagnostics import Diagnostic, show

Wrong = tuple[str, str, str]  # code, what is wrong, what to write instead

SEVERAL = ("a second document begins here (`---`)", "Keep one policy in one file; remove the line `---`.")
EMPTY = ("the file is empty", "Write a policy, or let `bascule init` write one to start from.")
ALIAS_FIX = "Write the value out where it is needed; a policy has no anchors, so that each line says all it means."
TAG_FIX = "Remove the tag; put quotes around the value if it must stay text."
DEPTH_CAP = 40
DEPTH_FIX = "Close brackets that were left open; no policy needs so many levels."
TWICE_FIX = "Keep one of the two, or give the second another name."
KEY_FIX = "Write `key: value`; put quotes around text that contains `{`, `[` or `?`."
TAB_FIX = "Indent with spaces, two for each level; most editors can turn tabs into spaces."

NBSP = "\u00a0\u202f"
_OPENING = "“”„«‹‘‚"
_WEIRD = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)


class Entry(NamedTuple):
    """One entry of a mapping in braces: the parser's events of key and value."""

    key: Any
    value: Any


def tag(text: str) -> str:
    """Given a tag as the parser names it, return it as people write it."""
    return text.replace("tag:yaml.org,2002:", "!!")


def characters(text: str, file: str) -> list[Diagnostic]:
    """Given a policy's text, return a finding for each character (the first twenty) that cannot be seen or printed."""
    found = []
    for match in _WEIRD.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - text.rfind("\n", 0, match.start())
        what = f"an invisible character (U+{ord(match[0]):04X}) stands here"
        fix = "Delete it and type the word again; it often comes along when text is copied from a web page."
        found.append(Diagnostic("BC118", "error", file, line, column, "$", what, fix))
        if len(found) == 20:
            break
    return found


def of_key(key: str) -> Wrong | None:
    """Given a plain key, return what is wrong with it as text, if anything."""
    if any(space in key for space in NBSP):
        clean = re.sub(f"[{NBSP}]", "", key)
        fix = f"Delete it and write `{clean}:` with no space before `:`."
        return ("BC111", f"a no-break space belongs to the key {show(key)}", fix)
    return _quotes(key)


def of_value(value: str) -> Wrong | None:
    """Given a plain value, return what is wrong with it as text, if anything."""
    match = re.match(rf"([\w-]+)[{NBSP} ]?:[{NBSP}]", value)
    if match:
        fix = f"Delete it and write `{match[1]}: ` with an ordinary space after `:`."
        return ("BC111", f"a no-break space stands after `{match[1]}:`", fix)
    return _quotes(value)


def _quotes(text: str) -> Wrong | None:
    if not text or text[0] not in _OPENING:
        return None
    inner = text.strip(_OPENING + "»›’ " + NBSP)
    fix = f'Write `"{inner}"` with straight quotes; to keep the others, put straight ones around them.'
    return ("BC112", f"{show(text)} begins with a typographic quote, which YAML takes for a letter", fix)


def of_flow(entries: list[Entry]) -> Iterator[tuple[Any, str, str, str]]:
    """Given the entries of a mapping in braces, yield place and finding of each comma that cut a value in two.

    A value in typographic quotes is told once more, whole, at its own place.
    """
    index = 0
    while index < len(entries):
        start = index
        index += 1
        pieces = []
        while index < len(entries) and _is_piece(entries[index]):
            pieces.append(entries[index].key.value)
            index += 1
        head = entries[start]
        if pieces:
            wrong = _cut(head, pieces)
            yield (head.value if wrong[0] == "BC112" else entries[start + 1].key, *wrong)
        elif start == 0 and _is_piece(head) and ":" in head.key.value:
            yield (head.key, *_glued(head.key.value))


def _is_piece(entry: Entry) -> bool:
    key, value = entry
    plain = getattr(key, "value", None) and not key.style
    return bool(plain) and getattr(value, "value", None) == "" and not value.style


def _cut(head: Entry, pieces: list[str]) -> Wrong:
    name, value = getattr(head.key, "value", "?"), getattr(head.value, "value", None)
    if ":" in pieces[0]:
        return _glued(pieces[0])
    whole = ", ".join([value or name, *pieces])
    if value and re.fullmatch(r"-?[0-9]+", value) and re.match(r"[0-9]", pieces[0]):
        seen = f"{value},{pieces[0]}"
        if pieces[0][-1] in "smhd":
            return ("BC113", f"{show(seen)} has a decimal comma", "Write a whole number of a smaller unit: `90m`.")
        return decimal_comma(seen, f"{name}: {value}.{pieces[0]}")
    if value and (quoted := _quotes(whole)):
        return quoted
    fix = f'Put quotes around the text: `{name}: "{whole}"`.' if value else f'Write a value: `{pieces[0]}: "…"`.'
    what = f"the comma ends the value of {show(name)}, so {show(pieces[0])} became a key without a value"
    return ("BC107", what, fix)


def _glued(text: str) -> Wrong:
    name, _, value = text.partition(":")
    return ("BC114", f"a space is missing after `{name}:`", f"Write `{name}: {value}`.")


def missing_space(text: str) -> Wrong | None:
    """Given text found where a mapping is needed, return the finding of a missing space after `:`, if it looks so."""
    return _glued(text) if re.fullmatch(r"[a-z][a-z0-9_-]*:\S.*", text) else None


def decimal_comma(seen: str, right: str) -> Wrong:
    """Given a number with a comma and how to write it, return the finding."""
    return ("BC113", f"{show(seen)} has a decimal comma", f"Write a point: `{right}`.")
