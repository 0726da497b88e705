# SPDX-License-Identifier: Apache-2.0
"""Names and tags."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

_DIGITS = 6
GIB = 1024**3


def short(text: str, longest: int) -> str:
    """Return a name of at most ``longest`` characters, the same for the same text, different for different texts."""
    if len(text) <= longest:
        return text
    end = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    return f"{text[: longest - _DIGITS - 1].rstrip('-')}-{end}"


def slug(network: str) -> str:
    """Return a network as a part of a name: `10.20.0.0/16` → `10-20-0-0-16`."""
    return network.replace(".", "-").replace("/", "-")


def gib(size_bytes: int, least: int) -> int:
    """Return a size in whole GiB, rounded up, and at least ``least``."""
    return max(least, -(-int(size_bytes) // GIB))


def days(seconds: int) -> int:
    """Return a duration in whole days, rounded up, at least one."""
    return max(1, -(-int(seconds) // 86400))


def tags(*layers: Mapping[str, str]) -> dict[str, str]:
    """Return tags in order of their keys; a later layer wins."""
    merged = {key: value for layer in layers for key, value in layer.items()}
    return dict(sorted(merged.items()))
