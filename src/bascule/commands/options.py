# SPDX-License-Identifier: Apache-2.0
"""`bascule options`: what each way of recovering costs, which is chosen and why, what a promise costs."""

from __future__ import annotations

import argparse
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from bascule.commands import Outcome, Unable, Unusable, policy_argument
from bascule.commands._picture import picture


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    policy_argument(parser)
    parser.add_argument("activity", nargs="?", metavar="ACTIVITY", help="only this one, with all ways of its systems")
    parser.add_argument("--lang", "--language", dest="language", choices=("en", "fr"), help="default: the policy's")
    parser.add_argument("--page", type=Path, metavar="FILE.html", help="write the pictures as one page, too")
    parser.add_argument(
        "--png",
        type=Path,
        metavar="FILE.png",
        help="write the answer for ACTIVITY, or the first one, as a slide (needs a browser)",
    )


def run(args: argparse.Namespace) -> Outcome:
    """Compare the options."""
    from bascule import api
    from bascule.choice import text
    from bascule.choice.solver import NoSolver, OutOfTime
    from bascule.diagnostics import render

    try:
        found, old = api.options(args.policy, args.activity, date.today())
    except (NoSolver, OutOfTime) as error:
        raise Unable(str(error)) from error
    except KeyError as error:
        raise Unusable(f"there is no activity {error} in this policy") from error
    written = _drawn(args, found) if args.page or args.png else []
    said = [text.render(found, args.language), *([render(old)] if old else []), *written]
    return Outcome("\n".join(said), found, reached=found["choice"] is not None)


def _drawn(args: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    """Write the page and the picture that were asked for; return what was written."""
    from bascule import api
    from bascule.choice import page

    if args.page:
        args.page.write_text(page.render(found, api.analyse(args.policy), args.language), encoding="utf-8")
    if args.png:
        with tempfile.TemporaryDirectory() as folder:
            drawn = Path(folder) / "slide.html"
            drawn.write_text(page.slide(found, args.language), encoding="utf-8")
            picture(drawn, args.png)
    return [f"{file} written" for file in (args.page, args.png) if file]
