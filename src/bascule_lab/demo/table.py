# SPDX-License-Identifier: Apache-2.0
"""Text for people: durations, and a table with columns as wide as what is in them."""

from __future__ import annotations

from collections.abc import Sequence

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float | None) -> str:
    """Seconds as a person says them: `0.4 s`, `42 s`, `1 min 5 s`, `8 h`; a dash for None."""
    if seconds is None:
        return "–"
    if round(seconds, 1) < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    left, words = round(seconds), []
    for size, name in _UNITS:
        count, left = divmod(left, size)
        words += [f"{count} {name}"] if count else []
    return " ".join(words[:2])


def pair(one: float | None, other: float | None) -> str:
    """Two durations side by side: time and data."""
    return f"{duration(one)} / {duration(other)}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text, the first one underlined; columns are separated by two spaces."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])
