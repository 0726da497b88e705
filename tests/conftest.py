# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the switch ``--accept``, which rewrites expected output instead of comparing with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--accept``."""
    parser.addoption("--accept", action="store_true", help="write expected files anew; look at the difference after")


@pytest.fixture
def expect(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Return a function that compares text with a file, or writes the file with ``--accept``."""

    def compare(file: Path, text: str) -> None:
        if request.config.getoption("--accept"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{file} is missing; `pytest --accept` writes it"
        assert text == file.read_text(encoding="utf-8")

    return compare
