# SPDX-License-Identifier: Apache-2.0
"""Durations and tables as people read them."""

from __future__ import annotations

import pytest

from bascule_lab.demo.table import duration, table


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"), (0, "0 s"), (0.0, "0 s"), (0.42, "0.4 s"), (3, "3 s"), (9.97, "10 s"), (42.4, "42 s"),
        (59.7, "1 min"), (60, "1 min"), (65.2, "1 min 5 s"), (900, "15 min"), (3600, "1 h"), (5400, "1 h 30 min"),
        (28800, "8 h"), (86400, "1 d"), (90061, "1 d 1 h"), (432000, "5 d"), (129600, "1 d 12 h"),
    ],
)  # fmt: skip
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    assert table([["a", "bb"], ["ccc", "d"]]) == "a    bb\n---  --\nccc  d"
