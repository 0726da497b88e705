# SPDX-License-Identifier: Apache-2.0
"""The words of an analysis in French and English; terms that reports have too come from the glossary of the runtime."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bascule_runtime import text

Say = Callable[..., str]


@cache
def _words() -> dict[str, dict[str, str]]:
    # Beside the glossary of the runtime, not in it: that one goes into every compiled folder, where nobody analyses.
    return dict(json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8")))


def speaker(language: str) -> Say:
    """Given `fr` or `en`, return a function from a word's id, and what stands in its braces, to the text."""
    runtime = text.labels(language)

    def say(word: str, **facts: object) -> str:
        entry = _words().get(word)
        sentence = entry["fr" if language == "fr" else "en"] if entry else runtime(word)
        return sentence.format(**facts) if facts else sentence

    return say


def known(word: str) -> bool:
    """Return whether there is such a word."""
    return word in _words() or text.has_label(word)
