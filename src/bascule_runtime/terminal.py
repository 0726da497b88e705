# SPDX-License-Identifier: Apache-2.0
"""A few lines at the bottom of a terminal, drawn again when they change, with what lasts above them."""

from __future__ import annotations

import os
from typing import Callable, Sequence, TextIO

from bascule_runtime import text
from bascule_runtime.progress_text import Row

FALLBACK = (80, 24)
NARROW = 50
Size = Callable[[], Sequence[int]]


def fits(stream: TextIO) -> bool:
    """Whether a live display can be drawn on `stream`: a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")


def coloured() -> bool:
    """Whether colours are wanted: https://no-color.org."""
    return not os.environ.get("NO_COLOR")


def cut(line: str, width: int) -> str:
    """`line` in at most `width` columns, with a sign where something is left out."""
    if text.columns(line) <= width:
        return line
    while line and text.columns(line) > width - 1:
        line = line[:-1]
    return line + "…" if width > 0 else ""


def padded(line: str, width: int) -> str:
    """`line`, cut or filled to exactly `width` columns."""
    line = cut(line, width)
    return line + " " * (width - text.columns(line))


def laid_out(rows: Sequence[Row], width: int) -> list[str]:
    """Rows in aligned columns, without colours; names and what goes on give way where the terminal is narrow."""
    if not rows:
        return []
    if width < NARROW:
        return [cut(f"{row.sign} {row.name} {row.time.partition(' / ')[0]} {row.doing}", width) for row in rows]
    times = max(text.columns(row.time) for row in rows)
    names = min(max(text.columns(row.name) for row in rows), max(12, (width - times) // 3))
    doing = width - names - times - 8
    return [f"  {row.sign} {padded(row.name, names)}  {padded(row.doing, doing)}  {row.time}" for row in rows]


class Screen:
    """Draws on a terminal. Nothing is left behind that a killed process would have to take back."""

    def __init__(self, stream: TextIO, colour: bool, size: Size) -> None:
        self.stream, self.colour, self._size = stream, colour, size
        self._drawn: list[str] = []
        self._lasting: list[str] = []
        self._was = self.size()

    def size(self) -> tuple[int, int]:
        """Columns and lines of the terminal, now."""
        try:
            columns, lines = map(int, self._size())
        except OSError:
            return FALLBACK
        return (columns or FALLBACK[0], lines or FALLBACK[1])

    def show(self, lasting: Sequence[str], head: str, rows: Sequence[Row]) -> None:
        """Add what lasts, and draw the live display anew below it. Nothing is written when nothing changed."""
        width, height = size = self.size()
        block = self._block(head, rows, width - 1, max(2, height - 1))
        self._lasting = [*self._lasting, *lasting][-500:]
        if size != self._was:
            # Where the old lines are now only the terminal knows: begin with an empty screen.
            self._was = size
            above = self._lasting[-max(0, height - len(block) - 1):] if height > len(block) + 1 else []
            self._write("\x1b[H\x1b[2J" + self._joined([*above, *block]))
        elif lasting or block != self._drawn:
            up = f"\r\x1b[{len(self._drawn)}A" if self._drawn else "\r"
            self._write(f"{up}\x1b[J" + self._joined([*lasting, *block]))
        self._drawn = block

    def leave(self, lasting: Sequence[str]) -> None:
        """Say something where the cursor is, and draw no more."""
        self._write("\r\n" + self._joined(lasting))

    def _block(self, head: str, rows: Sequence[Row], width: int, height: int) -> list[str]:
        # Those that something is being done for come first when there is no room for all.
        room, shown = height - 1, list(rows)
        if len(shown) > room:
            shown = sorted(rows, key=lambda row: row.sign != "▶")[: max(0, room - 1)]
        lines = [self._painted(line, row.colour) for line, row in zip(laid_out(shown, width), shown)]
        left = len(rows) - len(shown)
        return [self._painted(cut(head, width), "1"), *lines, *([cut(f"  + {left}", width)] if left else [])]

    def _painted(self, line: str, colour: str) -> str:
        return f"\x1b[{colour}m{line}\x1b[0m" if self.colour and colour else line

    @staticmethod
    def _joined(lines: Sequence[str]) -> str:
        return "".join(f"{line}\r\n" for line in lines)

    def _write(self, signs: str) -> None:
        self.stream.write(signs)
        self.stream.flush()
