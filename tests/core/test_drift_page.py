# SPDX-License-Identifier: Apache-2.0
"""`docs/drift.md` says of each kind of difference what the program says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from bascule_runtime import text
from bascule_runtime.drift.finding import KINDS, LEVELS

PAGE = Path(__file__).parents[2] / "docs" / "drift.md"
MARK = "<!-- the table below is made from the program's own words; accept it with --accept -->\n"


def table() -> str:
    """The kinds, worst first, with what is said of them; `…` stands for what was found."""
    say = text.labels("en")
    heads = ("kind", "level", "what is said", "what an activation would do", "what to do")
    rows = [f"| {' | '.join(heads)} |", f"| {' | '.join('---' for _ in heads)} |"]
    for code, kind in sorted(KINDS.items(), key=lambda item: (LEVELS.index(item[1].level), item[0])):
        words = (say(f"drift.{code}"), say(f"would.{kind.would}"), say(f"cure.{kind.cure}"))
        cells = [re.sub(r"\{\w+\}", "…", word) for word in words]
        rows.append(f"| `{code}` | {kind.level} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def test_the_page_has_the_program_s_words(expect: Callable[[Path, str], None]) -> None:
    expect(PAGE, PAGE.read_text().partition(MARK)[0] + MARK + "\n" + table())
