# SPDX-License-Identifier: Apache-2.0
"""Lines for people, no wider than the page: tables, paragraphs, durations; signs that steer a terminal made visible."""

from __future__ import annotations

import textwrap
import time
import unicodedata
from typing import Optional, Sequence

WIDTH = 100
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def duration(seconds: Optional[float]) -> str:
    """`0.4 s`, `35 s`, `4 min 05 s`, `2 h 10 min`, `3 d 04 h`; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, below, lower in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {unit} {rest:02d} {lower}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def moment(when: Optional[float]) -> str:
    """Local date and time of an epoch, a dash for None."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when)) if when else "–"


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    wide = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
    return wide - sum(1 for sign in text if unicodedata.combining(sign))


def visible(text: str) -> str:
    """`text` with what would steer a terminal, or turn the direction of writing, shown as \\xNN or \\uNNNN."""
    return "".join(sign if unicodedata.category(sign) != "Cc" and sign not in _TURNING
                   else sign.encode("ascii", "backslashreplace").decode() if ord(sign) > 127 else f"\\x{ord(sign):02x}"
                   for sign in text)


def cut(text: str, width: int) -> str:
    """`text`, shortened to `width` columns."""
    while columns(text) > width:
        text = text[:-2] + "…"
    return text


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows, the first of them the head, as aligned lines no wider than the page; the first column gives way."""
    widths = [max(columns(row[index]) for row in rows) for index in range(len(rows[0]))]
    widths[0] = max(8, min(widths[0], WIDTH - sum(widths[1:]) - 2 * (len(widths) - 1)))
    lines = []
    for row in rows:
        cells = [cut(cell, width) for cell, width in zip(row, widths)]
        cells = [cell + " " * (width - columns(cell)) for cell, width in zip(cells, widths)]
        lines.append("  ".join(cells).rstrip()[:WIDTH])
    return [lines[0], "  ".join("─" * width for width in widths)[:WIDTH], *lines[1:]]


def paragraph(text: str, indent: str = "  ") -> list[str]:
    """`text` in lines of the page, the first indented, the others a little more."""
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ") or [indent]
