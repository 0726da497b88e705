# SPDX-License-Identifier: Apache-2.0
"""`bascule trust`: pin the keys of machines, so that a run only ever talks to those."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bascule.commands import Outcome, Unusable
from bascule.commands._host_keys import fingerprint, offered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bascule.plan import Machine, Plan

_COMPARE = (
    "compare it with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` says at the machine, and pin it with"
)


@dataclass(frozen=True)
class _Wish:
    """What the user trusts: a fingerprint that was compared, or anything as long as nothing is pinned."""

    fingerprint: str | None
    anything: bool
    policy: Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.usage = "%(prog)s [-h] [--json] [--fingerprint SHA256:… | --yes] [MACHINE …] POLICY"
    parser.add_argument(
        "words", nargs="+", metavar="[MACHINE …] POLICY", help="machines (default: all), then the policy"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--fingerprint", metavar="SHA256:…", help="pin the key only if it has this fingerprint")
    how.add_argument("--yes", action="store_true", help="pin what answers, unless another key is pinned already")


def run(args: argparse.Namespace) -> Outcome:
    """Ask the machines for their keys; reached when the key of each is pinned."""
    from bascule import api
    from bascule.commands import Unable

    *names, policy = args.words
    wish = _Wish(args.fingerprint, args.yes, Path(policy))
    plan = api.plan(wish.policy)
    machines = plan.machines
    unknown = [name for name in names if name not in machines]
    if unknown:
        raise Unusable(f"there is no machine {unknown[0]} in {policy}; there is {', '.join(machines)}")
    if wish.fingerprint and len(names) != 1:
        raise Unusable("a fingerprint belongs to one machine: name it")
    outcomes: list[Outcome] = []
    for name in names or _waiting(plan):
        try:
            outcomes.append(_trust(name, machines[name], wish))
        except Unable as error:
            if names:
                raise
            outcomes.append(
                Outcome(f"{name}: {error}", {"machine": name, "pinned": False, "why": str(error)}, reached=False)
            )
    text = "\n".join(outcome.text for outcome in outcomes)
    return Outcome(text, [outcome.data for outcome in outcomes], all(outcome.reached for outcome in outcomes))


def _waiting(plan: Plan) -> list[str]:
    """The machines that are there without us, and have no key in the policy; what is built shows its key to a run."""
    machines = plan.machines.items()
    return [name for name, machine in machines if not machine.host_key and not plan.sites[machine.site].cloud]


def _trust(name: str, machine: Machine, wish: _Wish) -> Outcome:
    from bascule.emit.ssh_config import host_pattern

    file, pattern = wish.policy.parent / "known_hosts", host_pattern(machine.address, machine.port)
    pinned = [line for line in _lines(file) if line.partition(" ")[0] == pattern]
    keys = offered(name, machine)
    data = {"machine": name, "fingerprints": [fingerprint(key) for key in keys], "file": str(file), "pinned": False}
    chosen = next((key for key in keys if wish.fingerprint in (None, fingerprint(key))), None)
    if chosen is None:
        return Outcome(_another(name, keys, wish), data, reached=False)
    line, shown = f"{pattern} {chosen}", fingerprint(chosen)
    if line in pinned:
        return Outcome(f"{name}: {shown} is pinned in {file}", {**data, "pinned": True})
    if not (wish.fingerprint or (wish.anything and not pinned)):
        return Outcome(_compare(name, shown, wish, bool(pinned)), data, reached=False)
    _write(file, [*(other for other in _lines(file) if other not in pinned), line])
    return Outcome(f"{name}: {shown} is now pinned in {file}; compile the policy again", {**data, "pinned": True})


def _lines(file: Path) -> list[str]:
    return [line.strip() for line in file.read_text().splitlines() if line.strip()] if file.is_file() else []


def _write(file: Path, lines: Sequence[str]) -> None:
    file.write_text("".join(f"{line}\n" for line in sorted(lines)))


def _another(name: str, keys: Sequence[str], wish: _Wish) -> str:
    shown = ", ".join(fingerprint(key) for key in keys)
    return f"{name} does not have {wish.fingerprint}; it showed {shown}. Nothing was pinned: find out who answers."


def _compare(name: str, shown: str, wish: _Wish, other_pinned: bool) -> str:
    seen = f"{name}: ANOTHER key is pinned. If the machine was really replaced," if other_pinned else f"{name}:"
    return f"{seen} {_COMPARE}\n  bascule trust {name} {wish.policy} --fingerprint {shown}"
