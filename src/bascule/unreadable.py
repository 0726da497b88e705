# SPDX-License-Identifier: Apache-2.0
"""What the YAML parser gives up at, told in the words of people; the parser's own words are the last resort."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from bascule.diagnostics import Diagnostic
from bascule.mistakes import DEPTH_CAP, DEPTH_FIX, NBSP, TAB_FIX


class _Told(NamedTuple):
    """What to tell when the parser's problem and the line of the file look like this (regular expressions)."""

    problem: str
    line: str
    code: str
    what: str
    fix: str
    here: bool = False  # look at the parser's own line only, up to where it stopped


# The first that fits is told, so what people type comes before what parsers say.
_PARSER = (
    # Newer versions of libyaml give up before the reader has counted the levels itself.
    _Told("nesting depth", "", "BC117", f"more than {DEPTH_CAP} levels inside each other", DEPTH_FIX, here=True),
    _Told("", f":[{NBSP}]", "BC111", "a no-break space stands after `:`", "Delete it and type an ordinary space."),
    _Told(
        "",
        r"'\w*'\w+[^']*'",
        "BC106",
        "the apostrophe ends the text that began with `'`",
        'Put double quotes around the text: `"L\'Atelier"`.',
    ),
    _Told(
        "",
        r"[:\[{,-]\s*[“”„«‹‘‚]",
        "BC112",
        "typographic quotes are letters for YAML",
        'Write straight quotes `"` around the text.',
    ),
    _Told(
        "",
        r'^([^"]*(?:"[^"]*"[^"]*)*)"[^"]*$',
        "BC120",
        "a quote that opens in this line is not closed in it",
        "Close it with the same quote at the end of the text.",
    ),
    _Told(
        "unexpected end of stream",
        "",
        "BC120",
        "the quote that opens here is never closed",
        "Close it with the same quote at the end of the text.",
    ),
    _Told(
        "expected ',' or|document start|block end",
        r"[{\[]",
        "BC121",
        "a bracket that opens here is not closed properly",
        "Close it, and put commas between the entries: `{a: 1, b: 2}`.",
    ),
    _Told(
        "mapping values",
        r"^\s*(?:- )?[\w-]+:\s.*:$",
        "BC122",
        "a second `: ` stands in one line",
        'Put quotes around a text that contains a colon: `"Plans: 2D"`.',
        here=True,
    ),
    _Told(
        "",
        r"^\s*(?:- )?[\w-]+:[^\s:/]",
        "BC114",
        "a space is missing after `:`",
        "Write `key: value` with a space after the colon.",
    ),
    _Told(
        "escape",
        "",
        "BC104",
        "the backslash means something else between double quotes",
        "Write `\\\\` for each backslash, or put single quotes around the text.",
    ),
    _Told("cannot start", "", "BC104", "a value cannot begin with this sign", "Put double quotes around the value."),
    _Told(
        "sequence entries",
        "",
        "BC104",
        "a list begins in the line of its key",
        "Begin the list in a line of its own, or write it in brackets: `[a, b]`.",
    ),
    _Told(
        "mapping values|expected ':'",
        r"^(\s*)[\w-]+\s[^:#]*$",
        "BC104",
        "this line is neither `key: value` nor an entry of a list",
        "Write `key: value`, or `- entry` in a list.",
    ),
    _Told(
        "expected key|block end|mapping values|block collection",
        "",
        "BC123",
        "the indentation of this line fits no line above",
        "Give keys of one level the same number of spaces, two more than the level above.",
    ),
    _Told(
        "expected ':'",
        r"^(?!.*:(?:\s|$)).*\S",
        "BC104",
        "this line is neither `key: value` nor an entry of a list",
        "Write `key: value`, or `- entry` in a list.",
    ),
    _Told(
        "expected '-'",
        "",
        "BC104",
        "this line stands in a list and does not begin with `-`",
        "Begin each entry with `- `, all in one column; indent what belongs to an entry by two more.",
    ),
    _Told(
        "node content|unexpected ':'",
        "",
        "BC104",
        "something is missing before this sign",
        "Remove the sign if it is too much, such as a second comma, or write the value before it.",
    ),
)


def of_parser(error: Any, text: str, file: str) -> Diagnostic:
    """Given the parser's error and the policy's text, return the finding at the place where a reader would look."""
    problem = str(getattr(error, "problem", None) or "")
    mark = getattr(error, "problem_mark", None)
    before = getattr(error, "context_mark", None)
    lines = text.split("\n")
    line, column = (mark.line, mark.column) if mark else (0, 0)
    here = lines[line] if line < len(lines) else ""
    if "tab character" in problem or here[column : column + 1] == "\t":
        return Diagnostic("BC105", "error", file, line + 1, column + 1, "$", "a tab stands here", TAB_FIX)
    places = [(line, column)]
    if before and before.line != line:
        places.append((before.line, before.column))
    if line:
        places.append((line - 1, 0))
    for told in _PARSER:
        if not re.search(told.problem, problem):
            continue
        for at, col in places[:1] if told.here else _ordered(places, problem):
            looked_at = lines[at] if at < len(lines) else ""
            match = re.search(told.line, looked_at[: col + 1] if told.here else looked_at)
            if match:
                column = match.end(1) if match.re.groups and match[1] else match.start() if at != line else col
                return Diagnostic(told.code, "error", file, at + 1, column + 1, "$", told.what, told.fix)
    what = f"this is not YAML: {problem or 'the parser cannot go on'}"
    fix = "Compare the line, and the one above, with the example in the policy reference."
    return Diagnostic("BC104", "error", file, line + 1, places[0][1] + 1, "$", what, fix)


def _ordered(places: list[tuple[int, int]], problem: str) -> list[tuple[int, int]]:
    # Something that was left open is seen by the parser where it ends, by people where it began.
    return places[1:] + places[:1] if "end of stream" in problem else places
