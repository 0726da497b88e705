# SPDX-License-Identifier: Apache-2.0
"""The small values of the language: durations, sizes, rates, shares, distances. Text in, numbers out, and back."""

from __future__ import annotations

import math
import re
from typing import Any

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
BYTES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
# Bytes a second.
BITS = {"kbit": 125, "Mbit": 125_000, "Gbit": 125_000_000}
DAY = SECONDS["d"]

DURATION_PATTERN = r"^(0|[1-9][0-9]{0,8})[smhd]$"
SIZE_PATTERN = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,3})?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)$"
RATE_PATTERN = SIZE_PATTERN[:-1] + r"/[hd]$"
SHARE_PATTERN = r"^(100|[1-9]?[0-9](\.[0-9]{1,3})?)%$"
SPEED_PATTERN = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,3})?(kbit|Mbit|Gbit|kB|MB|GB|KiB|MiB|GiB)/s$"
DISTANCE_PATTERN = r"^(0|[1-9][0-9]{0,4})(\.[0-9]{1,3})?km$"

# Words that a reader of YAML may take for something else, and that people take for a switch.
RESERVED = frozenset({"on", "off", "yes", "no", "y", "n", "null", "true", "false"})
IDENTIFIER_PATTERN = r"^[a-z][a-z0-9-]{0,62}$"

# What JSON has; everything else that is not quoted stays text.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {"": None, "null": None, "true": True, "false": False}


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() else value


def duration_s(text: str) -> int:
    """Given a duration such as ``15m``, return seconds. Raise ValueError for anything else."""
    if not re.fullmatch(DURATION_PATTERN[1:-1], text):
        raise ValueError(f"{text!r} is not a duration")
    return int(text[:-1]) * SECONDS[text[-1]]


def size_bytes(text: str) -> int:
    """Given a size such as ``20GiB``, return bytes, rounded down. Raise ValueError for anything else."""
    if not re.fullmatch(SIZE_PATTERN[1:-1], text):
        raise ValueError(f"{text!r} is not a size")
    number = text.rstrip("BkKMGTi")
    return int(float(number) * BYTES[text[len(number) :]])


def rate_bytes_per_day(text: str) -> int:
    """Given a rate such as ``200MiB/d`` or ``5MiB/h``, return bytes a day. Raise ValueError for anything else."""
    size, _, period = text.partition("/")
    if period not in ("h", "d"):
        raise ValueError(f"{text!r} is not a rate")
    return size_bytes(size) * DAY // SECONDS[period]


def speed_bytes_per_s(text: str) -> float:
    """Given a speed such as ``300Mbit/s`` or ``60MB/s``, return bytes a second. Raise ValueError for anything else."""
    if not re.fullmatch(SPEED_PATTERN[1:-1], text):
        raise ValueError(f"{text!r} is not a speed")
    number = text.rstrip("kKMGBbits/")
    return float(number) * {**BITS, **BYTES}[text[len(number) : -2]]


def share(text: str) -> float:
    """Given a share such as ``40%``, return it as a number from 0 to 1. Raise ValueError for anything else."""
    if not re.fullmatch(SHARE_PATTERN[1:-1], text):
        raise ValueError(f"{text!r} is not a share")
    return round(float(text[:-1]) / 100, 5)


def distance_km(text: str) -> float:
    """Given a distance such as ``42km``, return kilometres. Raise ValueError for anything else."""
    if not re.fullmatch(DISTANCE_PATTERN[1:-1], text):
        raise ValueError(f"{text!r} is not a distance")
    return _number(text[:-2])


def duration_text(seconds: float) -> str:
    """Given seconds, return them as people write them: ``90m``, ``90s``, ``6m 30s``, ``0.5s``."""
    if seconds != int(seconds):
        return f"{seconds:g}s"
    whole = int(seconds)
    if whole % 60 and whole < 120:
        return f"{whole}s"
    for unit in ("d", "h", "m"):
        if whole and whole % SECONDS[unit] == 0:
            return f"{whole // SECONDS[unit]}{unit}"
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, whole = divmod(whole, SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"


def scalar(text: str) -> Any:
    """Given a plain scalar, return its JSON value: ``null``, ``true``, ``false``, a number, or else the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.fullmatch(text)
    if not match:
        return text
    if not match[2] and not match[3]:
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else text
