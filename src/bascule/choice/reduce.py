# SPDX-License-Identifier: Apache-2.0
"""What can be left out of a problem without changing its answer, and between which times each stop must lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bascule.choice.problem import Group, Option, Problem, System

# Sums of seconds are not exact.
EASE_S = 1e-6
Kept = Mapping[str, tuple[Option, ...]]


def kept_options(system: System, thin: bool = True) -> tuple[Option, ...]:
    """Given a system, return the options that keep its bounds; with ``thin``, without those that another one beats in
    everything: that one costs no more, is never later and uses nothing else.
    """
    allowed = system.allowed()
    if not thin:
        return allowed
    return tuple(one for index, one in enumerate(allowed) if not _beaten(index, allowed))


def _beaten(index: int, options: tuple[Option, ...]) -> bool:
    return any(_beats(one, options[index], first=at < index) for at, one in enumerate(options) if at != index)


def _beats(one: Option, other: Option, first: bool) -> bool:
    # Of two that are the same in everything the first one stays.
    better = (
        one.cost <= other.cost
        and set(one.items) <= set(other.items)
        and all(mine <= its for mine, its in zip(one.waits_s, other.waits_s, strict=True))
        and all(mine <= its for mine, its in zip(one.takes_s, other.takes_s, strict=True))
    )
    return better and (first or _worth(one) != _worth(other))


def _worth(one: Option) -> object:
    return one.cost, set(one.items), one.waits_s, one.takes_s


def tails(problem: Problem, kept: Kept, group: Group, index: int) -> dict[str, float]:
    """Return how long what comes after each system of a group takes at the least, in one scenario."""
    found = dict.fromkeys(group.systems, 0.0)
    for name in reversed(group.systems):
        takes_s = min(one.takes_s[index] for one in kept[name])
        for other in problem.systems[name].after:
            if other in found:
                found[other] = max(found[other], found[name] + takes_s)
    return found


def spans(problem: Problem, kept: Kept, group: Group, index: int, delay_s: float) -> tuple[float, float]:
    """Return the shortest and the longest that the stop of a group can last in one scenario."""
    stop = group.stops[index]
    fixed_s = stop.fixed_s if stop else 0.0
    low, high = (max(_ready(problem, kept, group, index, delay_s, of), default=0.0) for of in (min, max))
    return fixed_s + low, fixed_s + high


def _ready(
    problem: Problem, kept: Kept, group: Group, index: int, delay_s: float, of: Callable[[Iterable[float]], float]
) -> list[float]:
    """Return when each system of a group is ready, with the quickest or the slowest of its options."""
    done: dict[str, float] = {}
    for name in group.systems:
        before = max((done[other] for other in problem.systems[name].after if other in done), default=0.0)
        done[name] = of(max(before, delay_s, one.waits_s[index]) + one.takes_s[index] for one in kept[name])
    return list(done.values())
