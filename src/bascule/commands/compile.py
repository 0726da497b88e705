# SPDX-License-Identifier: Apache-2.0
"""`bascule compile`: the folder that recovers the firm, or whether a folder is still what the policy gives."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bascule.commands import Outcome, known_hosts_argument, policy_argument

if TYPE_CHECKING:
    from bascule.emit.store import Changes
    from bascule.emit.tree import Tree

_SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    policy_argument(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the compiled folder")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when DIR is not what the policy gives"
    )
    known_hosts_argument(parser)
    parser.add_argument(
        "--wheels",
        action="store_true",
        help="also fetch the Python packages of a run, for this Python, into DIR/wheels",
    )


def run(args: argparse.Namespace) -> Outcome:
    """Compile the policy; with `--check` reached when nothing differs."""
    from bascule import api
    from bascule.emit import store

    tree = api.compile_tree(args.policy, args.known_hosts)
    if args.check:
        return _checked(args.output, store.compare(store.load(args.output), tree))
    api.write(tree, args.output)
    said = [f"{args.output}: {len(tree)} files", *_next_steps(tree, args.policy)]
    fetched: tuple[str, ...] = ()
    if args.wheels:
        from bascule.commands._wheels import fetch

        fetched = fetch(args.output, cloud="stack/Pulumi.yaml" in tree)
        said.append(f"{args.output}/wheels: {len(fetched)} packages")
    return Outcome("\n".join(said), {"folder": str(args.output), "files": sorted(tree), "wheels": list(fetched)})


def _next_steps(tree: Tree, policy: Path) -> list[str]:
    import json

    from bascule.emit.ssh_config import host_pattern

    pinned = set(tree["known_hosts"].content.decode().replace(",", " ").split())
    plan = json.loads(tree["plan.json"].content)
    there = {name: machine for name, machine in plan["machines"].items() if not plan["sites"][machine["site"]]["cloud"]}
    # Without its port, ssh takes an address for all of them.
    named = {name: {one["address"], host_pattern(one["address"], one["port"])} for name, one in there.items()}
    missing = [name for name, patterns in named.items() if not pinned & patterns]
    if not missing:
        return []
    more = len(missing) - _SHOWN
    said = ", ".join(missing[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return [f"no host key is pinned for {said}: a run will refuse them; `bascule trust MACHINE {policy}` pins one"]


def _checked(folder: Path, changes: Changes) -> Outcome:
    data = {"folder": str(folder), "added": changes.added, "removed": changes.removed, "changed": changes.changed}
    if not changes:
        return Outcome(f"{folder} is what the policy gives", data)
    return Outcome(f"{folder} is not what the policy gives; compile it again\n{listed(changes)}", data, reached=False)


def listed(changes: Changes) -> str:
    """Given changes of files, return them as lines: `+` added, `-` removed, `~` changed; the longest lists are cut."""
    lines = [f"{sign} {path}" for sign, paths in _signed(changes) for path in paths]
    more = len(lines) - _SHOWN
    return "\n".join(lines if more <= 0 else [*lines[:_SHOWN], f"and {more} more"])


def _signed(changes: Changes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("+", changes.added), ("-", changes.removed), ("~", changes.changed))
