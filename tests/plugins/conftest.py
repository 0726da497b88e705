# SPDX-License-Identifier: Apache-2.0
"""The invented firm, made afresh for each test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from firm import Door, Firm


@pytest.fixture(scope="session")
def door() -> Iterator[Door]:
    """What the guard finds when it asks whether machines are up."""
    opened = Door()
    yield opened
    opened.close()


@pytest.fixture
def firm(tmp_path: Path, door: Door) -> Callable[..., Firm]:
    """Makes the compiled folder of the invented firm; arguments are those of `Firm`."""
    return lambda **options: Firm(tmp_path, door, **options).write()


def ended(events: list[dict[str, Any]], stage: str = "serve") -> dict[str, str]:
    """How the units ended a stage."""
    return {event["unit"]: event["state"] for event in events if event["event"] == "unit" and event["stage"] == stage}
