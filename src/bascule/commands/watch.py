# SPDX-License-Identifier: Apache-2.0
"""`bascule watch`: look on while a run goes on; with `--config`, what an observer runs for good."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bascule.commands import Outcome, Unusable


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "run",
        type=Path,
        nargs="?",
        default=Path(),
        metavar="RUN",
        help="the folder of a run, or a compiled folder: its newest run (default: here)",
    )
    parser.add_argument("--language", choices=("en", "fr"), help="default: the policy's")
    parser.add_argument(
        "--config", metavar="FILE", help="instead: ask activities for good, as watch.json of an observer says"
    )


def run(args: argparse.Namespace) -> Outcome:
    """Show the run until it ends (`--json`: a line for each change); reached when it reached its goal."""
    from bascule_runtime import follow, watch

    if args.config:
        if args.run != Path() or args.json:
            raise Unusable("--config is for an observer, which looks at no run")
        return Outcome("", None, watch.main(["--config", args.config]) == 0)
    return Outcome("", None, follow.shown(args.run, sys.stdout, as_json=args.json, language=args.language))
