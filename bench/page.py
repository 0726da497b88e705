# SPDX-License-Identifier: Apache-2.0
"""The page of figures, for people: one section a bench. What was not measured this time stays as it was."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.frame import COLUMNS, Bench, Figure, cells

HEAD = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
# How fast it is

Each figure is the median of several runs, beside the smallest and the largest of them and, where there is one, the
target that the project has set itself. No test asserts any of this: what is slow on a busy computer is not wrong.

```
make bench BENCH="--page docs/bench.md"                # all of it; the lab's benches need root and Linux
make bench BENCH="outages ratio --page docs/bench.md"  # some of it; the rest of the page stays as it was
```

`make bench` alone prints the same and writes it to `build/bench.json`; `make bench BENCH=--list` says what there is
and how long it takes.
"""
SECTION = re.compile(r"^## ([a-z0-9-]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def write(page: Path, rows: Sequence[tuple[Bench, Figure]], on: str, order: Iterable[str]) -> None:
    """Write the sections of the benches in `rows` into a page, in the order of all benches; a page is made if need be.

    `on` says what they were measured on. Sections of benches that are no longer in `order` go.
    """
    there = dict(SECTION.findall(page.read_text(encoding="utf-8"))) if page.exists() else {}
    for bench in dict.fromkeys(bench for bench, _figure in rows):
        there[bench.name] = section(bench, [figure for one, figure in rows if one == bench], on)
    sections = [f"## {name}\n{there[name].rstrip()}\n" for name in order if name in there]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join([HEAD, *sections]), encoding="utf-8")


def section(bench: Bench, figures: Sequence[Figure], on: str) -> str:
    """What a bench found, below its heading: what it is, the table, and what it was measured on."""
    heads = [name or "verdict" for name in COLUMNS]
    lines = [heads, ["---"] * len(heads), *(list(cells(figure)) for figure in figures)]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"\n{bench.what[0].upper()}{bench.what[1:]}.\n\n{table}\n\nOn {on}.\n"
