# SPDX-License-Identifier: Apache-2.0
"""`bascule run`: sugar over `ansible-playbook` in a compiled folder. Nothing depends on it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from bascule.commands import Outcome, Unable, Unusable

# What the drivers read; anything else would be a spelling mistake that is silently ignored.
OPTIONS = (
    "scenario", "only", "recovery_point", "copies", "restart", "since", "takeover", "drills", "everything",
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("driver", metavar="DRIVER", help="build, status, activate, verify, failback or teardown")
    parser.add_argument(
        "-C", "--folder", type=Path, default=Path(), metavar="DIR", help="the compiled folder (default: here)"
    )
    parser.add_argument("--because", metavar="TEXT", help="why; needed for activate, it goes into the journal")
    parser.add_argument("--unfenced", metavar="TEXT", help="why it is accepted that the primary could not be stopped")
    parser.add_argument(
        "-e",
        dest="options",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"{', '.join(OPTIONS)}; or @FILE with variables of your own",
    )
    parser.add_argument("--check", action="store_true", help="show what would happen, touch nothing")


def run(args: argparse.Namespace) -> Outcome:
    """Become `ansible-playbook`; returns only by raising."""
    playbook = args.folder / f"dr-{args.driver}.yml"
    if not playbook.is_file():
        there = sorted(path.stem.removeprefix("dr-") for path in args.folder.glob("dr-*.yml"))
        known = f"; it has {', '.join(there)}" if there else "; compile a policy first, or name the folder with -C"
        raise Unusable(f"{args.folder.resolve()} has no driver {args.driver}{known}")
    if args.driver == "activate" and not args.because and "BASCULE_DECLARE" not in os.environ:
        raise Unusable('an activation needs a reason: --because "fire in the server room"')
    options = [*_extra_vars(args.options), *(["--check"] if args.check else [])]
    command = [beside("ansible-playbook"), playbook.name, *options]
    os.chdir(args.folder)
    os.execve(command[0], command, _environment(args))


def beside(program: str) -> str:
    """A program of Ansible, on the path or beside the Python that runs this. Raise Unable when it is not there."""
    own = Path(sys.executable).parent
    found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), str(own)]))
    if not found:
        raise Unable(f"{program} is not there; pip install 'bascule[ansible]'")
    return found


def _extra_vars(options: list[str]) -> list[str]:
    given: dict[str, dict[str, str]] = {}
    # Variables of the firm's own, a vault for one, come in a file.
    files = [str(Path(option[1:]).resolve()) for option in options if option.startswith("@")]
    for option in (option for option in options if not option.startswith("@")):
        key, separator, value = option.partition("=")
        if not separator or key not in OPTIONS:
            raise Unusable(
                f"-e {option} is not an option of a driver; there is {', '.join(f'{name}=' for name in OPTIONS)}"
            )
        # Text stays text: Ansible would split it at spaces and evaluate templates in it.
        given[key] = {"__ansible_unsafe": value}
    words = [*([json.dumps(given)] if given else []), *(f"@{file}" for file in files)]
    return [word for value in words for word in ("-e", value)]


def _environment(args: argparse.Namespace) -> dict[str, str]:
    said = {"BASCULE_DECLARE": args.because, "BASCULE_UNFENCED": args.unfenced}
    return {**os.environ, **{name: text for name, text in said.items() if text}}
