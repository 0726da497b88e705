# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the switch ``--accept``, which rewrites expected output instead of comparing with it, and the
double of AWS that tests of the real engine run on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .aws_double import AwsDouble, running


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


@pytest.fixture(scope="module")
def aws_double() -> Iterator[AwsDouble]:
    """The real Pulumi engine and the double of AWS, with an account of its own for each module of tests."""
    with running() as double:
        yield double
