# SPDX-License-Identifier: Apache-2.0
"""`bascule analyse`: what a stop costs, what depends on what, what may happen, and what would be left."""

from __future__ import annotations

import argparse

from bascule.commands import Outcome, policy_argument


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    policy_argument(parser)
    parser.add_argument("--lang", "--language", dest="language", choices=("en", "fr"), help="default: the policy's")


def run(args: argparse.Namespace) -> Outcome:
    """Analyse the policy."""
    from bascule import api
    from bascule.analysis import text

    found = api.analyse(args.policy)
    return Outcome(text.render(found, args.language), found)
