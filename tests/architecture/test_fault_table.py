# SPDX-License-Identifier: Apache-2.0
"""The table of faults is sorted, and says of each fault what one test holds; needs no lab."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"
ROW = re.compile(r'^\| <a id="([a-z0-9-]+)"></a>.*\n', re.MULTILINE)


def ids_of_tests() -> list[str]:
    """The ids that tests end with, as patterns: a part that is put in by the test may be anything."""
    found = []
    for path in sorted(ROOT.glob("tests/lab/test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "ends_with":
                given = next(word.value for word in node.keywords if word.arg == "id")
                found.append(pattern(given))
    return found


def pattern(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(pattern(part) for part in node.values)
    return re.escape(str(node.value)) if isinstance(node, ast.Constant) else "[a-z0-9-]+"


def test_every_fault_has_a_row_and_every_row_a_test() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    patterns = ids_of_tests()
    assert [p for p in patterns if not any(re.fullmatch(p, row) for row in rows)] == [], "run the test with --accept"
    assert [row for row in rows if not any(re.fullmatch(p, row) for p in patterns)] == [], "no test holds these rows"


def test_rows_are_sorted_and_stand_once(expect: Callable[[Path, str], None]) -> None:
    """A merge may leave them in any order; --accept sorts."""
    text = PAGE.read_text(encoding="utf-8")
    rows = {match[1]: match[0] for match in ROW.finditer(text)}
    lines = iter([rows[name] for name in sorted(rows)])
    expect(PAGE, ROW.sub(lambda _match: next(lines, ""), text))
