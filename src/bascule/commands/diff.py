# SPDX-License-Identifier: Apache-2.0
"""`bascule diff`: what a change of the policy alters in the compiled folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from bascule.commands import Outcome, known_hosts_argument, policy_argument


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    policy_argument(parser)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the compiled folder")
    known_hosts_argument(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Compare; a difference is no failure (`compile --check` fails on one)."""
    from bascule import api
    from bascule.codec import encode
    from bascule.commands.compile import listed

    found = api.diff(args.policy, args.folder, args.known_hosts)
    if not found.files:
        return Outcome(f"{args.folder} is what the policy gives", encode(found))
    return Outcome("\n".join([*found.sentences, listed(found.files)]), encode(found))
