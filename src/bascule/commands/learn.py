# SPDX-License-Identifier: Apache-2.0
"""`bascule learn`: what runs showed beside what was predicted, and the change of the policy that follows."""

from __future__ import annotations

import argparse
from pathlib import Path

from bascule.commands import Outcome, Unable, policy_argument


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    policy_argument(parser)
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="compiled folders (their newest run), or runs"
    )


def run(args: argparse.Namespace) -> Outcome:
    """Read the runs and print the change; nothing is written."""
    from bascule import api
    from bascule_runtime import runs

    folders = [(runs.latest(one / "runs") or one) if (one / "runs").is_dir() else one for one in args.runs]
    try:
        found = api.learn(args.policy, folders)
    except (OSError, ValueError) as error:
        raise Unable(f"a run cannot be read: {error}") from error
    rows = [("run", "system", "from", "predicted", "measured", "")]
    rows += [
        (one.run, one.system, one.by, f"{one.predicted_s:g} s", f"{one.measured_s:g} s", _note(one.why_not))
        for one in found.taken
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    change = found.change or "Nothing to change: no run showed anything that the policy does not say already.\n"
    data = {"taken": [vars(one) for one in found.taken], "measured": found.measured, "change": found.change}
    return Outcome("\n".join([*table, "", change]), data)


def _note(why_not: str) -> str:
    return f"not taken over: {why_not}" if why_not else ""
