# SPDX-License-Identifier: Apache-2.0
"""What runs teach: how long recoveries really took, set beside what was predicted, and the change of the policy.

A duration is proposed for the copy that the run took the data from. What was restored says something only of as much
data: where the policy declares more than twice what the run brought back, the figure is shown and not proposed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bascule.policy import Policy
from bascule.predict import START
from bascule.values import duration_text
from bascule_runtime.events import Run

# How many times more data than a run brought back may still be expected to take as long.
_ALIKE = 2.0
_NO_BYTES = frozenset({"streaming", START})


@dataclass(frozen=True)
class Taken:
    """How long the recovery of a system took in a run: predicted and measured seconds, by which copy, and why that is
    not taken over, where it is not.
    """

    run: str
    system: str
    by: str
    predicted_s: float
    measured_s: float
    why_not: str = ""


def taken(policy: Policy, runs: Sequence[tuple[str, Run]]) -> tuple[Taken, ...]:
    """Given a policy and runs with their names, return what the recoveries of its systems took in them."""
    return tuple(found for name, run in runs for found in _of_run(policy, name, run))


def _of_run(policy: Policy, name: str, run: Run) -> Iterator[Taken]:
    for system, planned in run.plan["systems"].items():
        unit, found = f"system.{system}", run.found(f"system.{system}", "recover")
        ended = run.unit(unit)
        if system not in policy.systems or not found or not ended or ended["state"] != "done" or run.check:
            continue
        if found.get("strategy") == "already":
            continue
        by = str((found.get("point") or {}).get("by") or START)
        seconds = round(float(ended["ended"]) - float(ended["began"]), 1)
        why_not = "" if by in _NO_BYTES else _too_little(policy, system, _bytes(found))
        yield Taken(name, system, by, planned["predicted"]["rto"]["seconds"], seconds, why_not)


def _bytes(found: Mapping[str, Any]) -> float | None:
    """Return how much a recovery brought back, where its evidence says so."""
    trees = found.get("trees") or {}
    if trees:
        return float(sum(tree.get("bytes") or 0 for tree in trees.values()))
    return float(found["bytes"]) if found.get("bytes") is not None else None


def _too_little(policy: Policy, system: str, brought: float | None) -> str:
    size = policy.systems[system].size_bytes
    if brought is None:
        return "the run does not say how much data it brought back"
    if size is None:
        return "the policy does not say how much data there is (`size`)"
    if size > _ALIKE * brought:
        return f"the run brought back {brought / 1e6:.0f} MB, the policy says {size / 1e6:.0f} MB"
    return ""


def proposed(found: Sequence[Taken]) -> dict[str, dict[str, int]]:
    """Given what recoveries took, return what would be declared: the longest of each, in whole seconds, rounded up."""
    longest: dict[str, dict[str, int]] = {}
    for one in found:
        if not one.why_not:
            known = longest.setdefault(one.system, {})
            known[one.by] = max(known.get(one.by, 0), -int(-one.measured_s // 1))
    return longest


def changed(text: str, measured: Mapping[str, Mapping[str, int]], known: Mapping[str, Mapping[str, int]]) -> str:
    """Given the text of a policy, what is proposed and what it declares already, return the text with both; the newer
    figure counts.
    """
    merged = {name: {**known.get(name, {}), **measured.get(name, {})} for name in (*known, *measured)}
    lines = text.splitlines()
    kept = list(_without(lines))
    block = ["measured:                          # from runs, by `bascule learn`", "  systems:"]
    for name, durations in merged.items():
        said = ", ".join(f"{by}: {_written(seconds)}" for by, seconds in durations.items())
        block.append(f"    {name}: {{{said}}}")
    return "\n".join([*kept, *block]) + "\n"


def _written(seconds: int) -> str:
    text = duration_text(seconds)
    return text if " " not in text else f"{seconds}s"


def _without(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a policy but for its section of what was measured."""
    inside = False
    for line in lines:
        if line and not line.startswith(" "):
            inside = line.startswith("measured:")
        if not inside:
            yield line


def difference(before: str, after: str, file: str) -> str:
    """Given two texts of a policy, return the change between them, as `git apply` and `patch -p1` read it."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{file}", f"b/{file}"
    )
    return "".join(lines)
