# SPDX-License-Identifier: Apache-2.0
"""The commands, one module each; `bascule.cli` holds the table of them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What a command says: as text, as a JSON value, and whether what was asked for was reached."""

    text: str
    data: Any = None
    reached: bool = True


class Unusable(Exception):
    """The arguments do not fit together; the message is a sentence for the user."""


class Unable(Exception):
    """A tool, a file or a machine that is needed is missing; the message is a sentence for the user."""


def policy_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument that every command has that reads a policy."""
    parser.add_argument("policy", type=Path, metavar="POLICY", help="the policy, a YAML file")


def known_hosts_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the keys of machines are pinned."""
    parser.add_argument(
        "--known-hosts",
        type=Path,
        metavar="FILE",
        help="the pinned keys of the machines (default: known_hosts beside the policy)",
    )
