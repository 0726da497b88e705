# SPDX-License-Identifier: Apache-2.0
"""The page of figures is written section by section. What the figures are is asserted nowhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench import BENCHES, page
from bench.frame import Bench, Figure

ONE = Bench("one", "how long one takes", lambda _runs, _say: [])
TWO = Bench("two", "how much two needs", lambda _runs, _say: [])
ORDER = ("one", "two")


def test_sections_are_written_and_the_others_stay(tmp_path: Path) -> None:
    there = tmp_path / "docs" / "bench.md"
    page.write(there, [(TWO, Figure("memory", "MiB", (3.0, 1.0, 2.0), 4.0))], "an old computer", ORDER)
    page.write(there, [(ONE, Figure("a | b", "s", (0.5,)))], "a new computer", ORDER)
    text = there.read_text()
    assert [name for name, _rest in page.SECTION.findall(text)] == ["one", "two"]
    assert "| memory | 2 MiB | 1 MiB | 3 MiB | 3 | at most 4 MiB | reached |" in text
    assert "| a \\| b | 0.5 s | 0.5 s | 0.5 s | 1 |  |  |" in text
    assert (text.index("On a new computer.") < text.index("## two") < text.index("On an old computer."))
    page.write(there, [(ONE, Figure("a | b", "s", (0.5,)))], "a new computer", ORDER)
    assert there.read_text() == text, "the same figures give the same page"
    page.write(there, [], "", ["two"])
    assert "## one" not in there.read_text()


def test_a_bench_can_be_a_section() -> None:
    for name, bench in BENCHES.items():
        assert re.fullmatch(r"[a-z0-9-]+", name)
        assert bench.what
