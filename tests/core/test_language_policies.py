# SPDX-License-Identifier: Apache-2.0
"""A file dropped into tests/policies/valid or tests/policies/invalid is a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bascule.diagnostics import Findings, render
from bascule.language import load_source
from bascule.source import read

POLICIES = Path(__file__).parents[1] / "policies"
ROOT = Path(__file__).parents[2]
VALID = [*sorted((POLICIES / "valid").glob("*.yml")), *sorted(ROOT.glob("examples/*/policy*.yml"))]
INVALID = sorted((POLICIES / "invalid").glob("*.yml"))


@pytest.mark.parametrize("file", VALID, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_valid(file: Path) -> None:
    assert load_source(read(file)).warnings == ()


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_invalid(file: Path, expect: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    try:
        found = load_source(read(Path(file.name))).warnings
    except Findings as findings:
        found = findings.diagnostics
    assert file.stem[:5] in {item.code for item in found}
    expect(file.with_suffix(".expected.txt"), render(found))
