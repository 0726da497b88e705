# SPDX-License-Identifier: Apache-2.0
"""The door to HiGHS: a mixed-integer program is put together row by row, solved, and its proven gap returned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

INFINITY = float("inf")
LIMIT_S = 60.0
# Nothing is random, and one thread finds the same answer each time.
_OPTIONS = {
    "output_flag": False,
    "random_seed": 1,
    "threads": 1,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 1e-6,
}


class NoSolver(Exception):
    """HiGHS is not installed; the message is a sentence for the user."""


class OutOfTime(Exception):
    """No answer within the limit; the message is a sentence for the user."""


@dataclass
class Program:
    """Columns are numbers from 0; what is made as small as possible is the sum of their costs."""

    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[float, float]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    index: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)

    def column(self, cost: float = 0.0, low: float = 0.0, high: float = INFINITY, whole: bool = False) -> int:
        """Add a column and return its number."""
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)
        return len(self.cost) - 1

    def row(self, terms: Mapping[int, float], low: float = -INFINITY, high: float = INFINITY) -> None:
        """Add a row: the sum of the columns, times their factors, lies between the two bounds."""
        self.starts.append(len(self.index))
        self.rows.append((low, high))
        self.index += terms
        self.value += terms.values()


@dataclass(frozen=True)
class Solved:
    """The value of each column, what they cost together, and the least that anything could cost, as proven."""

    values: tuple[float, ...]
    cost: float
    bound: float

    @property
    def gap(self) -> float:
        """By which share of its cost the answer could at most be dearer than the best one; 0 when proven best."""
        return max(0.0, self.cost - self.bound) / max(1.0, abs(self.cost))


def solve(program: Program, limit_s: float = LIMIT_S) -> Solved | None:
    """Given a program, return its solution, None when nothing keeps all rows. Raise NoSolver, OutOfTime."""
    highs = engine()
    run = _quiet(highs)
    for name, value in {**_OPTIONS, "time_limit": limit_s}.items():
        run.setOptionValue(name, value)
    run.passModel(_model(highs, program))
    run.run()
    status, word = run.getModelStatus(), highs.HighsModelStatus
    if status in (word.kInfeasible, word.kUnboundedOrInfeasible):
        return None
    info = run.getInfo()
    if status != word.kOptimal and info.primal_solution_status != highs.SolutionStatus.kSolutionStatusFeasible:
        raise OutOfTime(f"no choice was found within {limit_s:g} s")
    bound = info.mip_dual_bound if any(program.whole) else info.objective_function_value
    return Solved(tuple(run.getSolution().col_value), info.objective_function_value, bound)


def engine() -> Any:
    """Return the module of HiGHS. Raise NoSolver where it is not installed."""
    try:
        import highspy
    except ImportError as error:
        raise NoSolver('choosing needs HiGHS, which is not installed; run: pip install "bascule[analysis]"') from error
    return highspy


def _quiet(highs: Any) -> Any:
    """Return an engine that prints nothing: enabling callbacks, which nobody needs here, would print a banner first."""

    class Quiet(highs.Highs):  # type: ignore[misc]
        def enableCallbacks(self) -> None:  # noqa: N802
            self.setOptionValue("output_flag", False)

    return Quiet()


def _model(highs: Any, program: Program) -> Any:
    lp = highs.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.cost), len(program.rows)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.low, program.high
    lp.row_lower_, lp.row_upper_ = [low for low, _ in program.rows], [high for _, high in program.rows]
    lp.a_matrix_.format_ = highs.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = [*program.starts, len(program.index)]
    lp.a_matrix_.index_, lp.a_matrix_.value_ = program.index, program.value
    kinds = highs.HighsVarType
    lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in program.whole]
    return lp
