# SPDX-License-Identifier: Apache-2.0
"""What a bench is: a name, what it measures, how often, and figures with the target that the project has set itself."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Say = Callable[[str], None]
COLUMNS = ("figure", "median", "from", "to", "runs", "target", "")


@dataclass(frozen=True)
class Figure:
    """One thing that was measured: each run's value in `unit`, and the target (at most) where there is one."""

    what: str
    unit: str
    values: tuple[float, ...]
    target: float | None = None

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """`reached` or `missed`; nothing where there is no target."""
        if self.target is None:
            return ""
        return "reached" if self.median <= self.target else "missed"

    def data(self) -> dict[str, Any]:
        """The figure as it stands in the JSON."""
        return {"what": self.what, "unit": self.unit, "median": self.median, "values": list(self.values),
                "target": self.target, "verdict": self.verdict or None}  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """A bench. `measure(runs, say)` gives its figures; `say` tells a person who waits what goes on.

    `needs` is what a computer must have (for example `a lab`), empty when Python is enough; `minutes` is about how
    long it takes with `runs` runs.
    """

    name: str
    what: str
    measure: Callable[[int, Say], Iterable[Figure]]
    runs: int = 3
    needs: str = ""
    minutes: float = 0.1


def table(rows: Sequence[tuple[Bench, Figure]]) -> str:
    """Figures by bench, as text for a person."""
    lines = [COLUMNS, *(cells(figure) for _bench, figure in rows)]
    wide = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    text, before = [], ""
    for number, line in enumerate(lines):
        bench = rows[number - 1][0] if number else None
        if bench and bench.name != before:
            text += ["", f"{bench.name}: {bench.what}"]
            before = bench.name
        padded = [cell.ljust(wide[column]) if column in (0, 6) else cell.rjust(wide[column])
                  for column, cell in enumerate(line)]  # fmt: skip
        text.append("  " + "  ".join(padded).rstrip())
    return "\n".join(text)


def cells(figure: Figure) -> tuple[str, ...]:
    """A figure as texts, one for each of `COLUMNS`."""

    def number(value: float) -> str:
        return f"{value:.0f} {figure.unit}".strip() if abs(value) >= 1000 else f"{value:.3g} {figure.unit}".strip()

    target = "" if figure.target is None else f"at most {number(figure.target)}"
    return (figure.what, number(figure.median), number(min(figure.values)), number(max(figure.values)),
            str(len(figure.values)), target, figure.verdict)  # fmt: skip
