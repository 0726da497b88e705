# SPDX-License-Identifier: Apache-2.0
"""`bascule init`: a policy to start from."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

from bascule.commands import Outcome, Unable, Unusable
from bascule.commands._questions import asked
from bascule.commands.run import beside

_LIMIT_S = 120


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("policy", type=Path, nargs="?", default=Path("policy.yml"), help="default: policy.yml")
    parser.add_argument("--language", choices=("en", "fr"), default="en", help="of its comments and of what it prints")
    parser.add_argument("--id", metavar="ID", help="short name of the firm: small letters, digits, hyphens")
    parser.add_argument("--name", metavar="TEXT", help="name of the firm as people read it")
    parser.add_argument("--ask", action="store_true", help="ask what is not given; an empty answer takes the proposal")
    parser.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="an inventory of Ansible, or what `ansible-inventory --list` printed: machines are taken from it",
    )


def run(args: argparse.Namespace) -> Outcome:
    """Write the starter and, for editors, the schemas beside it; an existing file is never overwritten."""
    from bascule import starter

    if args.policy.exists():
        raise Unable(f"{args.policy} is there already; name another file")
    answers = starter.from_inventory(_inventory(args.inventory))
    answers |= {key: value for key, value in (("id", args.id), ("name", args.name)) if value}
    if args.ask:
        answers = asked(args.language, answers)
    files = {args.policy: starter.starter(args.language, answers)}
    files |= {args.policy.parent / path: text for path, text in starter.schema_files().items()}
    for path, text in files.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    written = [str(path) for path in files]
    return Outcome(f"{args.policy}: change it, then run `bascule check {args.policy}`", {"written": written})


def _inventory(file: Path | None) -> dict[str, Any]:
    """What `ansible-inventory --list` says of a file, unless that is what the file holds."""
    if file is None:
        return {}
    held = _listing(file.read_bytes()) if not file.is_dir() else None
    if held is not None:
        return held
    command = [beside("ansible-inventory"), "-i", str(file.absolute()), "--list"]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIMIT_S, check=False, cwd=file.parent
        )
    except subprocess.TimeoutExpired:
        raise Unable(f"ansible-inventory did not end within {_LIMIT_S} s") from None
    said = " ".join(ended.stderr.decode(errors="replace").split())
    found = _listing(ended.stdout) if ended.returncode == 0 else None
    # Ansible only warns of a file that it cannot read, and lists nobody.
    if found is None or ("Unable to parse" in said and not found["_meta"].get("hostvars")):
        raise Unusable(f"{file} is no inventory of Ansible: {said[:400]}")
    return found


def _listing(text: bytes) -> dict[str, Any] | None:
    """JSON as `ansible-inventory --list` prints it, or None."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("_meta"), dict) else None
