# SPDX-License-Identifier: Apache-2.0
"""Small pieces of the text of an analysis: names of nodes, amounts, shares, paragraphs, lists that are cut."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from bascule.analysis.words import Say
from bascule_runtime.text import WIDTH


def node(id_: str, say: Say, side: bool = True) -> str:
    """Given a node, return it as people call it; with ``side``, of what exists twice, at which one."""
    kind, _, rest = id_.partition(":")
    if kind == "recovery":
        return say(f"recovery.{rest}")
    name, _, where = rest.partition("@")
    label = say(f"node.{kind}", id=name)
    return say(f"at_side.{where}", id=label) if where and side else label


def money(amount: float | None) -> str:
    """Given an amount, return it whole, its digits in groups; a dash for None. Below ten, with cents."""
    if amount is None:
        return "–"
    return f"{amount:.2f}" if 0 < abs(amount) < 10 else f"{amount:,.0f}".replace(",", " ")


def share(part: float) -> str:
    """Given a share from 0 to 1, return it in per cent."""
    return f"{part * 100:g} %"


def paragraph(text: str, indent: str = "  ") -> list[str]:
    """Given text, return it in lines that fit the page."""
    return textwrap.wrap(
        text.strip(), WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False
    )


def titled(word: str, say: Say) -> list[str]:
    """Given the word of a title, return it with an empty line before it."""
    return ["", say("title_of", title=say(word))]


def listed(shown: Sequence[str], count: int, say: Say) -> str:
    """Given what is shown of a list that has so many entries, return it, and how many more there are."""
    more = [say("more", count=count - len(shown))] if count > len(shown) else []
    return ", ".join([*shown, *more])
