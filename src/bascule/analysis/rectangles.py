# SPDX-License-Identifier: Apache-2.0
"""Pairs told shortly: when each of some things goes with each of others, that is one line, not their product."""

from __future__ import annotations

from collections.abc import Iterable

Pair = tuple[str, str]
Rectangle = tuple[tuple[str, ...], tuple[str, ...]]


def rectangles(pairs: Iterable[Pair]) -> list[Rectangle]:
    """Given pairs, return groups of things that go with the same others, the largest product first; each pair is in
    exactly one of them.
    """
    left = {tuple(sorted(pair)) for pair in pairs}
    found = []
    while left:
        partners: dict[str, set[str]] = {}
        for first, second in left:
            partners.setdefault(first, set()).add(second)
            partners.setdefault(second, set()).add(first)
        alike: dict[tuple[str, ...], list[str]] = {}
        for name in sorted(partners):
            alike.setdefault(tuple(sorted(partners[name])), []).append(name)
        others, names = max(alike.items(), key=lambda item: (len(item[0]) * len(item[1]), item))
        found.append((tuple(names), others))
        left -= {tuple(sorted((name, other))) for name in names for other in others}
    return found
