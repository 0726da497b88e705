# SPDX-License-Identifier: Apache-2.0
"""A tree of HTML elements that escapes everything: what is text stays text, whatever is written in it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Iterator, Sequence, Union

# No end tag in HTML; in SVG all have one.
VOID = frozenset({"meta", "br", "link"})
# Their text is not escaped by browsers, so it must not end them.
RAW = frozenset({"style", "script"})
# What HTML and XML cannot hold: shown as the sign for what cannot be shown.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Marks that turn the direction of what follows.
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Element:
    """`<name attributes>children</name>`; attributes are pairs, as they are to be read."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple[Node, ...]


Node = Union[str, Element, None, Sequence["Node"]]


def element(name: str, /, *children: Node, **attributes: object) -> Element:
    """An element; of its attributes `class_` is `class`, `aria_label` is `aria-label`, `viewBox` stays as it is.

    None and False leave an attribute out, True gives it no value.
    """
    kept = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()
            if value is not None and value is not False}
    pairs = tuple((key, "" if value is True else str(value)) for key, value in kept.items())
    return Element(name, pairs, children)


def data(text: object, **attributes: object) -> Element:
    """Words that somebody wrote: in an element of their own, so that marks of direction end with them."""
    return element("bdi", str(text), **attributes)


def flat(text: object) -> str:
    """Words for a place that knows no elements, such as a title: without marks of direction, on one line."""
    return " ".join(_TURNS.sub("", str(text)).split())


def document(root: Element) -> str:
    """The tree as an HTML document, ending with a newline."""
    return "<!doctype html>\n" + "".join(_parts(root)) + "\n"


def _parts(node: Node) -> Iterator[str]:
    if node is None:
        return
    if isinstance(node, str):
        yield html.escape(_UNSHOWABLE.sub("\ufffd", node), quote=False)
    elif isinstance(node, Element):
        yield from _element(node)
    else:
        for child in node:
            yield from _parts(child)


def _element(node: Element) -> Iterator[str]:
    yield f"<{node.name}"
    for key, value in node.attributes:
        yield f' {key}="{html.escape(_UNSHOWABLE.sub(chr(0xFFFD), value))}"' if value else f" {key}"
    yield ">"
    if node.name in VOID:
        return
    if node.name in RAW:
        text = "".join(child for child in node.children if isinstance(child, str))
        if "</" in text or "<!--" in text:
            raise ValueError(f"The text of <{node.name}> would end it.")
        yield text
    else:
        yield from _parts(node.children)
    yield f"</{node.name}>"
