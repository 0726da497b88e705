# SPDX-License-Identifier: Apache-2.0
"""The invented firm, made afresh for each test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cloud_firm import CloudFirm
from firm import Door, Firm

# Other Pythons run the tests with less installed.
collect_ignore_glob = [] if importlib.util.find_spec("moto") else ["test_route53_*.py"]


@pytest.fixture(scope="session")
def door() -> Iterator[Door]:
    """What the guard finds when it asks whether machines are up."""
    opened = Door()
    yield opened
    opened.close()


@pytest.fixture
def firm(tmp_path: Path, door: Door) -> Iterator[Callable[..., Firm]]:
    """Makes the compiled folder of the invented firm; arguments are those of `Firm`."""
    yield lambda **options: Firm(tmp_path, door, **options).write()
    # By this, steps that a killed run left behind know that the test is over.
    (tmp_path / "machines" / "behave.json").unlink(missing_ok=True)


@pytest.fixture
def cloud_firm(tmp_path: Path, door: Door) -> Iterator[Callable[..., CloudFirm]]:
    """As `firm`, for the one whose standby is built in a cloud."""
    made: list[CloudFirm] = []

    def make(**options: Any) -> CloudFirm:
        made.append(CloudFirm(tmp_path, door, **options).write())
        return made[-1]

    yield make
    for coming in (coming for one in made for coming in one.coming.values()):
        coming.over = True


def ended(events: list[dict[str, Any]], stage: str = "serve") -> dict[str, str]:
    """How the units ended a stage."""
    return {event["unit"]: event["state"] for event in events if event["event"] == "unit" and event["stage"] == stage}
