# SPDX-License-Identifier: Apache-2.0
"""Mistakes of a newcomer, at every key of the samples: the policy stays valid, or the findings are complete."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bascule import language
from bascule.diagnostics import Findings, render
from bascule.source import read

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[1] / "policies" / "valid"
TEXTS = ("", "x y", "é", "30", "{{ 1 }}", "a\nb")
WRONG: tuple[Any, ...] = (None, True, 7, -1, 0.5, [], ["a"], {}, {"a": 1}, [[]], [{}], *TEXTS)

Path_ = tuple[str | int, ...]


def paths(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every path below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*path, key)
        yield from paths(below, (*path, key))


def at(value: Any, path: Path_) -> Any:
    """The value at a path."""
    for key in path:
        value = value[key]
    return value


def checked(data: Any) -> None:
    """Load what was made of the sample, and look at the findings."""
    text = yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=1000)
    try:
        found = language.load_text(text, folder=FOLDER).warnings
    except Findings as findings:
        found = findings.diagnostics
        assert found
    lines = text.count("\n")
    for item in found:
        assert item.code.startswith("BC")
        assert 1 <= item.line <= lines
        assert item.column >= 1
        assert item.what
        assert item.fix
    for form in ("text", "json", "github"):
        render(found, form)


DATA = {name: read(FOLDER / f"{name}.yml").data for name in ("atelier", "cloud-public")}
# Of the second one, what the first has not.
SECTIONS = [
    *(("atelier", section) for section in sorted({str(path[0]) for path in paths(DATA["atelier"])})),
    ("cloud-public", "sites"),
    ("cloud-public", "switch"),
]


@pytest.mark.parametrize(("name", "section"), SECTIONS)
def test_every_key(name: str, section: str) -> None:
    for number, path in enumerate(paths(DATA[name])):
        if path[0] != section:
            continue
        # Each key gets four of the wrong values; all of them come round.
        some = [WRONG[(4 * number + i) % len(WRONG)] for i in range(4)]
        for change in (_deleted, _misspelt, *map(_replaced, some)):
            data = copy.deepcopy(DATA[name])
            change(at(data, path[:-1]), path[-1])
            checked(data)


def _deleted(parent: Any, key: Any) -> None:
    del parent[key]


def _misspelt(parent: Any, key: Any) -> None:
    if isinstance(parent, dict):
        items = [(name if name != key else key[:-1] + "zz", value) for name, value in parent.items()]
        parent.clear()
        parent.update(items)


def _replaced(wrong: Any) -> Any:
    def change(parent: Any, key: Any) -> None:
        parent[key] = copy.deepcopy(wrong)

    return change
