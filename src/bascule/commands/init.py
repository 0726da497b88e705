# SPDX-License-Identifier: Apache-2.0
"""`bascule init`: a policy to start from."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bascule.commands import Outcome, Unable, Unusable


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("policy", type=Path, nargs="?", default=Path("policy.yml"), help="default: policy.yml")
    parser.add_argument("--language", choices=("en", "fr"), default="en", help="of its comments and of what it prints")
    parser.add_argument("--id", metavar="ID", help="short name of the firm: small letters, digits, hyphens")
    parser.add_argument("--name", metavar="TEXT", help="name of the firm as people read it")
    parser.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="what `ansible-inventory --list` printed: machines are taken from it",
    )


def run(args: argparse.Namespace) -> Outcome:
    """Write the starter and, for editors, the schemas beside it; an existing file is never overwritten."""
    from bascule import starter

    answers = {key: value for key, value in (("id", args.id), ("name", args.name)) if value}
    files = {args.policy: starter.starter(args.language, answers, _inventory(args.inventory))}
    files |= {args.policy.parent / path: text for path, text in starter.schema_files().items()}
    if args.policy.exists():
        raise Unable(f"{args.policy} is there already; name another file")
    for path, text in files.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    written = [str(path) for path in files]
    return Outcome(f"{args.policy}: change it, then run `bascule check {args.policy}`", {"written": written})


def _inventory(file: Path | None) -> dict[str, Any] | None:
    if file is None:
        return None
    try:
        found: dict[str, Any] = json.loads(file.read_text())
    except (ValueError, UnicodeDecodeError) as error:
        raise Unusable(f"{file} is not what `ansible-inventory --list` prints: {error}") from error
    return found
