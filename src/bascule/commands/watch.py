# SPDX-License-Identifier: Apache-2.0
"""`bascule watch`: ask, for good, whether the activities are usable."""

from __future__ import annotations

import argparse

from bascule.commands import Outcome


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--config", required=True, metavar="FILE", help="what to ask: the watch.json of an observer")


def run(args: argparse.Namespace) -> Outcome:
    """Watch until the process is ended."""
    from bascule_runtime import watch

    return Outcome("", None, watch.main(["--config", args.config]) == 0)
