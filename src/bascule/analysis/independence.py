# SPDX-License-Identifier: Apache-2.0
"""3-2-1-1-0: three copies, two technologies, one off site, one out of reach, none unproven.

Read as independence, not as a count: two copies on one machine are one, a live copy is of the technology of the
original since it repeats what is done to it, and out of reach is what nobody can destroy who can destroy the original.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

THREE, TWO, AWAY, APART, PROVEN = WANTS = ("three", "two", "away", "apart", "proven")
_COPIES, _TECHNOLOGIES = 3, 2


@dataclass(frozen=True)
class Holding:
    """Where data are held: on which machine, at which site, how, and which accounts can destroy them there.

    ``hazards``: what may strike the site.
    """

    id: str
    machine: str
    site: str
    technology: str
    accounts: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()


@dataclass(frozen=True)
class Independence:
    """What holds of the data of a system: on how many machines, in which technologies, which copies are off site and
    out of reach; ``missing``: the wants that are not met.
    """

    machines: tuple[str, ...]
    technologies: tuple[str, ...]
    away: tuple[str, ...]
    apart: tuple[str, ...]
    proven_every_s: float | None
    missing: tuple[str, ...]


def independence(
    original: Holding, copies: Sequence[Holding], proven_every_s: float | None, accounts_known: bool
) -> Independence:
    """Given the original and its copies, how often restoring is rehearsed (None: never), and whether the accounts that
    can destroy them are known, return what holds and what is missing. Where nothing is known of accounts, no copy
    counts as out of reach.
    """
    machines = tuple(dict.fromkeys(one.machine for one in (original, *copies)))
    technologies = tuple(dict.fromkeys(one.technology for one in (original, *copies)))
    away = tuple(one.id for one in copies if one.site != original.site and not set(one.hazards) & set(original.hazards))
    apart = tuple(
        one.id
        for one in copies
        if accounts_known and one.machine != original.machine and not set(one.accounts) & set(original.accounts)
        # What is done to the original is done to a live copy too, by whomever.
        if one.technology != original.technology
    )
    met = {
        THREE: len(machines) >= _COPIES,
        TWO: len(technologies) >= _TECHNOLOGIES,
        AWAY: bool(away),
        APART: bool(apart),
        PROVEN: proven_every_s is not None,
    }
    missing = tuple(want for want in WANTS if not met[want])
    return Independence(machines, technologies, away, apart, proven_every_s, missing)
