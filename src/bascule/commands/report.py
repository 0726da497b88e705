# SPDX-License-Identifier: Apache-2.0
"""`bascule report`: what a run showed, from its journal alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from bascule.commands import Outcome, Unable, Unusable


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "run", type=Path, metavar="RUN", help="a compiled folder (its newest run), or the folder of a run"
    )
    parser.add_argument("--lang", "--language", dest="language", choices=("en", "fr"), help="default: the policy's")
    parser.add_argument("--html", action="store_true", help="write one page that needs nothing else, to read and keep")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where the page goes (default: report.html in the run's folder)",
    )


def run(args: argparse.Namespace) -> Outcome:
    """Compute the report; reached when the run kept the promise of its driver."""
    from bascule_runtime import page, report, runs, text

    if args.output and not args.html:
        raise Unusable("-o says where the page goes: give --html with it.")
    folder = (runs.latest(args.run / "runs") or args.run) if (args.run / "runs").is_dir() else args.run
    try:
        found = report.of_folder(folder)
        written = page.write(folder, args.language, args.output) if args.html else None
    except ValueError as error:
        raise Unable(str(error)) from error
    except OSError as error:
        raise Unable(f"{error.filename or folder}: {error.strerror}." if error.strerror else str(error)) from error
    return Outcome(f"{written}\n" if written else text.render(found, args.language), found, bool(found["ok"]))
