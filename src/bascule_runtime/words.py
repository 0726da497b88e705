# SPDX-License-Identifier: Apache-2.0
"""The words of a result, from weak to strong, and those that never count as passed."""

from __future__ import annotations

from typing import Iterable

STRENGTH = ("asked", "done", "answering", "data_correct", "usable")
NOT_PASSED = ("failed", "blocked", "unreachable", "skipped", "simulated")
WORDS = STRENGTH + NOT_PASSED
# Of several things that did not pass, the one that says most about why comes first.
_WORST_FIRST = ("failed", "unreachable", "blocked", "simulated", "skipped")


def known(word: object) -> bool:
    """Whether `word` is one of the words of a result."""
    return word in WORDS


def passed(word: object, floor: str = "done") -> bool:
    """Whether `word` was observed to be at least as strong as `floor`; words beside the scale never are."""
    return word in STRENGTH and STRENGTH.index(str(word)) >= STRENGTH.index(floor)


def weakest(words: Iterable[str]) -> str:
    """The word that holds for all of `words` together: the worst of what did not pass, else the weakest.

    An empty sequence gives `asked`: nothing was observed.
    """
    seen = list(words)
    for word in _WORST_FIRST:
        if word in seen:
            return word
    return min(seen, key=STRENGTH.index) if seen else "asked"


def capped(word: str, ceiling: str) -> str:
    """`word`, but never stronger than `ceiling`; words beside the scale stay as they are."""
    if word not in STRENGTH or ceiling not in STRENGTH:
        return word
    return min((word, ceiling), key=STRENGTH.index)
