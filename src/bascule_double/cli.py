# SPDX-License-Identifier: Apache-2.0
"""The command `bascule-double`. Exit codes: 0 done, 1 failed, 2 wrong use, 3 this computer cannot do it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from bascule_double import place
from bascule_double.errors import FAILED, DoubleError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = parser().parse_args(argv)
    try:
        args.work(args)
    except DoubleError as error:
        print(f"bascule-double: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"bascule-double: {error.filename or 'this computer'}: {error.strerror or error}.", file=sys.stderr)
        return FAILED
    return 0


def parser() -> argparse.ArgumentParser:
    """All commands and their words."""
    top = argparse.ArgumentParser(
        prog="bascule-double",
        description="A double of Pulumi's provider for AWS, over moto, for tests. Nothing of it is AWS.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    path = commands.add_parser("path", help="print the folder that goes first on PATH, so that Pulumi finds the double")
    path.set_defaults(work=show_path)
    serve = commands.add_parser("serve", help="run moto in the foreground, with its known faults cured")
    serve.add_argument(
        "--port", type=int, default=0, help="the port on 127.0.0.1; without it a free one, which is said"
    )
    serve.set_defaults(work=run_server)
    left = commands.add_parser("left", help="print what is there that carries the tag of a policy, as a list in JSON")
    left.add_argument("endpoint", help="where moto answers, as `serve` said")
    left.add_argument("policy", help="the policy's identifier")
    left.add_argument("region", nargs="+", help="regions in which to look")
    left.set_defaults(work=show_left)
    return top


def show_path(args: argparse.Namespace) -> None:
    print(place.folder())


def run_server(args: argparse.Namespace) -> None:
    # The server is a tenth of a second to import, and only this command needs it.
    from bascule_double.moto.server import serve

    serve(args.port)


def show_left(args: argparse.Namespace) -> None:
    # boto3 is a tenth of a second to import, and only this command needs it.
    from bascule_double.left import left

    print(json.dumps(left(args.endpoint, args.policy, args.region)))
