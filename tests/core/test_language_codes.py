# SPDX-License-Identifier: Apache-2.0
"""The codes that the language can find, those that are explained and those that have an example are the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bascule.explain import entries, explain

ROOT = Path(__file__).parents[2]
# What no file in a folder can show; test_language_source.py shows them, and test_firm.py of `choice` what needs a day.
WITHOUT_EXAMPLE = {"BC101", "BC103", "BC510"}


def found() -> set[str]:
    """Every code in the sources and schemas of the language."""
    files = [*(ROOT / "src" / "bascule").rglob("*.py"), *(ROOT / "schemas").rglob("*.json")]
    return {code for file in files for code in re.findall(r"\bBC[0-9]{3}\b", file.read_text(encoding="utf-8"))}


def test_each_code_is_explained() -> None:
    assert set(entries()) == found()
    assert list(entries()) == sorted(entries())


def test_each_code_has_an_example() -> None:
    examples = {file.stem[:5] for file in (ROOT / "tests" / "policies" / "invalid").glob("BC*.yml")}
    assert examples == set(entries()) - WITHOUT_EXAMPLE


@pytest.mark.parametrize("code", sorted(entries()))
def test_entry_says_what_why_and_what_to_do(code: str) -> None:
    text = explain(code)
    assert text.startswith(f"{code}: ")
    for part in ("\nWhy. ", "\nWhat to do. ", "    # wrong\n", "    # right\n"):
        assert part in text


def test_unknown_code() -> None:
    with pytest.raises(KeyError):
        explain("BC999")
