# SPDX-License-Identifier: Apache-2.0
"""`bascule report`: what a run showed, from its journal alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from bascule.commands import Outcome, Unable


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "run", type=Path, metavar="RUN", help="a compiled folder (its newest run), or the folder of a run"
    )
    parser.add_argument("--language", choices=("en", "fr"), help="default: the policy's")


def run(args: argparse.Namespace) -> Outcome:
    """Compute the report; reached when the run kept the promise of its driver."""
    from bascule_runtime import report, runs, text

    folder = (runs.latest(args.run / "runs") or args.run) if (args.run / "runs").is_dir() else args.run
    try:
        found = report.of_folder(folder)
    except ValueError as error:
        raise Unable(str(error)) from error
    return Outcome(text.render(found, args.language), found, bool(found["ok"]))
