# SPDX-License-Identifier: Apache-2.0
"""The door for shells: check, plan, compile, compare. Nothing here prints, asks, or looks at the clock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bascule import language
from bascule.diagnostics import Diagnostic, Findings
from bascule.diff import sentences
from bascule.emit import store
from bascule.emit.folder import compiled
from bascule.emit.store import Changes
from bascule.emit.tree import FolderError, Tree
from bascule.plan import Plan, from_json, to_json
from bascule.planner import make_plan
from bascule.registry import UnknownKind

if TYPE_CHECKING:
    from bascule.learn import Taken

__all__ = [
    "Changes",
    "Difference",
    "Findings",
    "FolderError",
    "Plan",
    "UnknownKind",
    "analyse",
    "check",
    "compile_tree",
    "diff",
    "learn",
    "options",
    "plan",
    "write",
]


@dataclass(frozen=True)
class Difference:
    """What a policy alters in a compiled folder: its files, and in plain sentences what that means for a recovery."""

    files: Changes
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Learnt:
    """What runs teach: each recovery, what would be declared by system and copy, and the change of the policy."""

    taken: tuple[Taken, ...]
    measured: dict[str, dict[str, int]]
    change: str


def check(policy: Path) -> tuple[Diagnostic, ...]:
    """Given the path of a policy, return all findings, warnings included; empty when there is nothing to say."""
    try:
        return language.load(policy).warnings
    except Findings as found:
        return found.diagnostics


def analyse(policy: Path) -> dict[str, Any]:
    """Given the path of a policy, return its analysis as JSON, under `schemas/analysis`. Raise as `plan` does."""
    from bascule.analysis import report

    return report.analyse(language.load(policy))


def options(policy: Path, activity: str | None, today: date) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """Given the path of a policy, an activity or None for all, and the day, return options and choice as JSON, under
    `schemas/options`, and findings about old prices. Raise as `plan` does; NoSolver, OutOfTime; KeyError without such
    an activity.
    """
    from bascule import price_files
    from bascule.choice.solver import NoSolver

    written = language.load(policy)
    prices = price_files.prices_of(written)
    try:
        from bascule.choice import report
    except ModuleNotFoundError as error:
        raise NoSolver(
            f'choosing needs {error.name}, which is not installed: pip install "bascule[analysis]"'
        ) from error
    return report.options(written, prices.book, activity), tuple(price_files.old(prices, today))


def plan(policy: Path) -> Plan:
    """Given the path of a policy, return its plan. Raise Findings for errors, UnknownKind for what is missing."""
    return make_plan(language.load(policy))


def compile_tree(policy: Path, known_hosts: Path | None = None) -> Tree:
    """Given the path of a policy, return the compiled folder in memory.

    `known_hosts` holds the pinned keys of its machines; by default it is the file of that name beside the policy.
    Raise Findings, UnknownKind, or FolderError when a file cannot be carried.
    """
    pinned = known_hosts or policy.parent / "known_hosts"
    if known_hosts and not known_hosts.is_file():
        raise FolderError(f"{known_hosts} is not there; `bascule trust` makes one")
    return compiled(plan(policy), policy.parent, pinned.read_text() if pinned.is_file() else "")


def diff(policy: Path, folder: Path, known_hosts: Path | None = None) -> Difference:
    """Given a policy and a compiled folder, return what compiling again alters. Raise as `compile_tree` does."""
    old, new = store.load(folder), compile_tree(policy, known_hosts)
    return Difference(store.compare(old, new), sentences(_plan_in(old), _plan_in(new)))


def learn(policy: Path, runs: Sequence[Path]) -> Learnt:
    """Given the path of a policy and folders of runs, return what these teach. Raise Findings for the policy, OSError
    and ValueError for a run that cannot be read.
    """
    from bascule import learn as learning
    from bascule_runtime import journal
    from bascule_runtime.events import Run

    written, text = language.load(policy), policy.read_text(encoding="utf-8")
    read = []
    for folder in runs:
        plan = json.loads((folder.resolve().parents[1] / "plan.json").read_text(encoding="utf-8"))
        read.append((folder.name, Run(plan, journal.read(folder))))
    found = learning.taken(written, read)
    measured = learning.proposed(found)
    after = learning.changed(text, measured, written.measured) if measured else text
    return Learnt(found, measured, learning.difference(text, after, policy.name))


def write(tree: Tree, folder: Path) -> None:
    """Write a compiled tree as a folder; see `bascule.emit.store.write`."""
    store.write(tree, folder)


def _plan_in(tree: Tree) -> dict[str, Any]:
    try:
        return to_json(from_json(json.loads(tree["plan.json"].content)))
    except (KeyError, ValueError, TypeError):
        # A folder of another version still has files to compare.
        return {}
