# SPDX-License-Identifier: Apache-2.0
"""`bascule options`: what each way of recovering costs, which is chosen and why, what a promise costs."""

from __future__ import annotations

import argparse
from datetime import date

from bascule.commands import Outcome, Unable, Unusable, policy_argument


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    policy_argument(parser)
    parser.add_argument("activity", nargs="?", metavar="ACTIVITY", help="only this one, with all ways of its systems")
    parser.add_argument("--lang", "--language", dest="language", choices=("en", "fr"), help="default: the policy's")


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
    said = text.render(found, args.language)
    return Outcome(said + ("\n" + render(old) if old else ""), found, reached=found["choice"] is not None)
