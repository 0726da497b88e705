# SPDX-License-Identifier: Apache-2.0
"""How long choosing takes, its memory, and whether the answer is proven: a thousand systems on forty hosts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.compile_time import SAMPLE, process, repeated, seconds
from bench.frame import Bench, Figure, Say

if TYPE_CHECKING:
    from bascule.choice.problem import Problem

SYSTEMS, OPTIONS, HOSTS, SCENARIOS = 1000, 6, 40, 3
LIMIT_S, LIMIT_MIB = 2.0, 500.0
TOGETHER, PROVEN = 20, 1e-9
# A stop of an hour, of four, of a day, of three, a month.
KNOTS_S = (3600, 14400, 86400, 259200, 2592000)
# Of the options from restoring to live: what each costs a year, and how long it takes.
_COSTS, _TAKES_S = (0, 60, 180, 240, 400, 900), (90000, 20000, 9000, 2400, 600, 20)


def firm() -> Problem:
    """A firm of a thousand systems in chains of four, on forty hosts in two rooms; one scenario in three is milder."""
    from random import Random

    from bascule.choice.problem import Group, Item, Option, Problem, Stop, System

    chance = Random(1)
    items = {f"host-{index}": Item(chance.randint(300, 2500), 0, (f"room-{index % 2}",)) for index in range(HOSTS)}
    items |= {f"room-{index}": Item(2000.0) for index in range(2)} | {"built": Item(0.0, 180.0)}
    systems, groups = {}, {}
    for index in range(SYSTEMS):
        host = f"host-{chance.randrange(HOSTS)}"
        options = []
        for way, (cost, takes_s) in enumerate(zip(_COSTS, _TAKES_S, strict=True)):
            uses = () if way == 0 else ("built",) if way < 3 else (host,)
            times = tuple(takes_s * chance.uniform(0.5, 1.5) * share for share in (1.0, 1.0, 0.3))
            options.append(
                Option(str(way), cost * chance.uniform(0.5, 1.5), uses, (0.0,) * SCENARIOS, times, (0.0,) * 3)
            )
        after = (f"system-{index - 1}",) if index % 4 else ()
        systems[f"system-{index}"] = System(tuple(options), after, (1.0,) * SCENARIOS)
    for first in range(0, SYSTEMS, 4):
        hour, limit_s = chance.choice((5, 50, 500)), chance.choice((1800.0, 7200.0, 28800.0, 259200.0))
        stops = []
        for per_year in (0.01, 0.05, 0.1):
            knots, paid = [(0.0, 0.0)], 0.0
            for knot, steep in zip(KNOTS_S, (1.0, 2.0, 1.5, 0.7, 0.3), strict=True):
                paid += (knot - knots[-1][0]) / 3600 * hour * steep * per_year
                knots.append((float(knot), paid))
            stops.append(Stop(20.0, limit_s, tuple(knots)))
        groups[f"group-{first}"] = Group(tuple(f"system-{first + at}" for at in range(4)), tuple(stops))
    return Problem(systems, groups, items)


def choose() -> None:
    """Choose for that firm. Raise ValueError when the answer is not proven to be the best."""
    from bascule.choice.program import cheapest

    found = cheapest(firm())
    if found is None or found.gap > PROVEN:
        raise ValueError(f"not proven: {found and found.gap}")


def together() -> None:
    """Choose for a firm of which all systems move together. Raise ValueError when the answer is not proven."""
    from dataclasses import replace

    from bascule.choice.problem import Group
    from bascule.choice.program import cheapest

    whole = firm()
    names = list(whole.systems)[:TOGETHER]
    systems = {name: whole.systems[name] for name in names}
    group = Group(tuple(names), next(iter(whole.groups.values())).stops)
    found = cheapest(replace(whole, systems=systems, groups={"all": group}))
    if found is None or found.gap > PROVEN:
        raise ValueError(f"not proven: {found and found.gap}")


def measure(runs: int, say: Say) -> Iterator[Figure]:
    """The choice for a thousand systems, start-up included; the options of the sample firm, from the command line."""
    say(f"choosing for {SYSTEMS} systems")
    taken = [process("-c", "from bench.choice import choose; choose()") for _ in range(runs)]
    yield Figure(f"choose for {SYSTEMS} systems, proven", "s", seconds(taken), LIMIT_S)
    yield Figure("memory for it", "MiB", tuple(one.mib for one in taken), LIMIT_MIB)
    say(f"choosing for {TOGETHER} systems that move together")
    taken = [process("-c", "from bench.choice import together; together()") for _ in range(runs)]
    yield Figure(f"choose for {TOGETHER} systems that move together, proven", "s", seconds(taken))
    say("options of the sample firm")
    yield Figure("options of the sample firm", "s", seconds(repeated(runs, "options", str(SAMPLE))), 3.0)


BENCHES = (Bench("choice", "how long choosing takes, and its memory", measure, minutes=0.5),)
