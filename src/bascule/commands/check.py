# SPDX-License-Identifier: Apache-2.0
"""`bascule check`: what is wrong with a policy, where, and what to write instead."""

from __future__ import annotations

import argparse
import json

from bascule.commands import Outcome, policy_argument


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    policy_argument(parser)
    parser.add_argument("--format", choices=("text", "json", "github"), default="text", help="how findings are printed")


def run(args: argparse.Namespace) -> Outcome:
    """Check the policy; reached when there is no error."""
    from bascule import api
    from bascule.diagnostics import has_errors, render

    found = api.check(args.policy)
    data = json.loads(render(found, "json"))
    text = render(found, args.format) if found or args.format != "text" else f"{args.policy}: nothing found"
    return Outcome(text, data, not has_errors(found))
