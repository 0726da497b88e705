# SPDX-License-Identifier: Apache-2.0
"""The command `bascule`: reads arguments, calls one command, prints what it returned, decides the exit code."""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from bascule import __version__
from bascule.commands import Outcome, Unable, Unusable

FINE, FOUND, USAGE, ENVIRONMENT, INTERRUPTED = 0, 1, 2, 3, 130

# In the order in which people meet them; each is a module of `bascule.commands` with `arguments` and `run`.
COMMANDS = {
    "init": "write a small policy to start from",
    "check": "say what is wrong with a policy, and what to write instead",
    "plan": "show the order of a recovery, how long it should take and what it should lose",
    "analyse": "say what a stop costs, what depends on what, what may happen and what would be left",
    "options": "say what each way of recovering costs, which one is chosen and why",
    "compile": "compile a policy into the folder that recovers the firm",
    "diff": "say what a policy would alter in a compiled folder",
    "trust": "pin the host key of a machine beside the policy",
    "run": "run a driver of a compiled folder (the same as ansible-playbook in it)",
    "watch": "look on while a run goes on, activity by activity",
    "report": "say what a run showed, activity by activity, from its journal alone",
    "learn": "set what runs showed beside what was predicted, and propose the change of the policy",
    "explain": "explain the code of a finding",
}

# They look on for as long as something else goes on, an observer for good.
LASTING = frozenset({"run", "watch"})


def main(argv: Sequence[str] | None = None) -> int:
    """Given the arguments after the program's name, run a command and return its exit code.

    0 fine, 1 findings or a verdict that was not reached, 2 usage, 3 a tool, a file or a machine is missing.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    # No option before the command takes a value. Only that command is imported, so that `--help` stays fast.
    chosen = next((word for word in words if word in COMMANDS), None)
    command = importlib.import_module(f"bascule.commands.{chosen}") if chosen else None
    args = _parser(chosen, command).parse_args(words)
    if argv is None and chosen not in LASTING:
        # A short life that makes nothing but trees: looking for circles in them took a third of the time.
        gc.disable()
    try:
        outcome: Outcome = command.run(args) if command else Outcome("")
        _print(outcome, args.json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away; nothing is left to say, also not when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except Exception as error:
        return _told(error)
    return FINE if outcome.reached else FOUND


class _Command(argparse.ArgumentParser):
    """A command whose options may stand anywhere: argparse alone refuses an optional word that comes after one
    (https://github.com/python/cpython/issues/59317, in the oldest Python that is supported)."""

    _within = False

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        # The intermixed parsing is made of two rounds of this very method.
        if self._within:
            return super().parse_known_args(args, namespace)
        self._within = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._within = False


def _parser(chosen: str | None, command: ModuleType | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bascule",
        description="Check a continuity policy, plan its recovery, compile the folder that recovers the firm.",
        epilog="Exit codes: 0 fine, 1 findings or a verdict not reached, 2 usage, 3 a tool, file or machine missing.",
    )
    parser.add_argument("--version", action="version", version=f"bascule {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Command)
    for name, does in COMMANDS.items():
        one = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
        one.add_argument("--json", action="store_true", help="print the result as JSON")
        if command and name == chosen:
            command.arguments(one)
    return parser


def _print(outcome: Outcome, as_json: bool) -> None:
    # A command that prints as it goes has nothing left to print.
    whole = as_json and (outcome.data is not None or bool(outcome.text))
    text = json.dumps(outcome.data, ensure_ascii=False, indent=2) if whole else outcome.text
    if text:
        print(text.rstrip("\n"), flush=True)


def _told(error: Exception) -> int:
    """Say an error in plain words on standard error and return its exit code; re-raise what is a mistake of ours."""
    from bascule.api import Findings, FolderError, UnknownKind

    codes: dict[type[Exception], int] = {
        Findings: FOUND,
        UnknownKind: FOUND,
        Unusable: USAGE,
        Unable: ENVIRONMENT,
        FolderError: ENVIRONMENT,
        FileNotFoundError: ENVIRONMENT,
        PermissionError: ENVIRONMENT,
    }
    code = next((code for kind, code in codes.items() if isinstance(error, kind)), None)
    if code is None:
        raise error
    said = str(error).rstrip("\n") if isinstance(error, Findings) else f"bascule: {error}"
    print(said, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
