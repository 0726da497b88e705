# SPDX-License-Identifier: Apache-2.0
"""What the real engine would do, line by line: one golden file a readiness and phase. The cloud is the double's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from engine import Folder, listing
from plans import READINESS, plan

GOLDEN = Path(__file__).parent / "previews"
pytestmark = pytest.mark.engine


@pytest.fixture(scope="module", params=READINESS)
def built(request: pytest.FixtureRequest, make_folder: Callable[..., Folder]) -> tuple[str, Folder, str, str]:
    """A standby site in its first phase, what was previewed before, and what a second preview says."""
    readiness = request.param
    folder = make_folder(plan(readiness))
    first = listing(folder.preview("protect"))
    folder.up("protect")
    return readiness, folder, first, listing(folder.preview("protect"))


def test_protect(built: tuple[str, Folder, str, str], expect: Callable[[Path, str], None]) -> None:
    readiness, _, first, _ = built
    expect(GOLDEN / f"{readiness}-protect.txt", first)


def test_protect_twice_changes_nothing(built: tuple[str, Folder, str, str]) -> None:
    assert {line.split()[0] for line in built[3].splitlines()} == {"same"}


def test_activate(built: tuple[str, Folder, str, str], expect: Callable[[Path, str], None]) -> None:
    """From a site that is in its first phase: what would be built, and what would not be touched."""
    readiness, folder, _, _ = built
    preview = folder.preview("activate")
    expect(GOLDEN / f"{readiness}-activate.txt", listing(preview))
    assert set(preview["changeSummary"]) <= {"create", "same"}


def test_drill(built: tuple[str, Folder, str, str], expect: Callable[[Path, str], None]) -> None:
    readiness, folder, _, _ = built
    preview = listing(folder.preview("drill"))
    expect(GOLDEN / f"{readiness}-drill.txt", preview)
    assert not any(kind in preview for kind in ("route53", "kms", "s3/", "cloudwatch", "budgets"))
