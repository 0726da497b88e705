# SPDX-License-Identifier: Apache-2.0
"""`bascule explain`: what a code of a finding means."""

from __future__ import annotations

import argparse

from bascule.commands import Outcome, Unusable


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("code", metavar="CODE", help="for example BC204")


def run(args: argparse.Namespace) -> Outcome:
    """Explain the code."""
    from bascule import explain

    code = args.code.upper()
    try:
        text = explain.explain(code)
    except KeyError:
        raise Unusable(
            f"there is no finding {args.code}; codes look like BC204 and stand in what `bascule check` prints"
        ) from None
    return Outcome(text, {"code": code, "text": text})
