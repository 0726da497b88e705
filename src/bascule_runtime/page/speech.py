# SPDX-License-Identifier: Apache-2.0
"""How the page speaks: words, sentences, durations and times in French or English, from the one glossary."""

from __future__ import annotations

import re
from datetime import datetime, timezone, tzinfo
from typing import Any, Mapping, Optional, Sequence

from bascule_runtime import text
from bascule_runtime.page.tree import Node, data, element

Report = Mapping[str, Any]
_HOLE = re.compile(r"\{([a-z_]+)\}")
_THIN = "\u00a0"


class Speech:
    """Everything that depends on the language and on the time zone of a page."""

    def __init__(self, language: str, zone: str, day_of: float) -> None:
        self.language = "fr" if language == "fr" else "en"
        self._say = text.labels(self.language)
        self.zone_name, self._zone = _zone(zone)
        self._today = self._local(day_of).date()

    def word(self, key: str) -> str:
        """A label of the glossary."""
        return self._say(key)

    def known(self, key: str) -> bool:
        """Whether the glossary has a label for `key`."""
        return text.has_label(key)

    def sentence(self, key: str, **parts: Node) -> list[Node]:
        """A sentence of the glossary, its `{holes}` filled with text or elements."""
        pieces = _HOLE.split(self._say(key))
        return [parts[piece] if index % 2 else piece for index, piece in enumerate(pieces)]

    def counted(self, key: str, count: int, **parts: Node) -> list[Node]:
        """`key.one` or `key.many`, whichever the language uses for `count` things; its hole `{n}` is the count."""
        one = count < 2 if self.language == "fr" else count == 1
        return self.sentence(f"{key}.{'one' if one else 'many'}", n=str(count), **parts)

    def duration(self, seconds: Optional[float]) -> str:
        """As `text.duration`, with the signs of the language and no break inside; a dash for None."""
        shown = text.duration(seconds)
        if self.language == "fr":
            shown = re.sub(r"(\d)\.(\d)", r"\1,\2", shown).replace(" d", " j")
        return shown.replace(" ", _THIN)

    def bounded(self, seconds: Optional[float], kind: Optional[str]) -> str:
        """A duration with `at least` or `at most` before it where it is a bound."""
        return (f"{self.word(kind)}{_THIN}" if kind in ("at_least", "at_most") else "") + self.duration(seconds)

    def _local(self, when: float) -> datetime:
        return datetime.fromtimestamp(when, self._zone)

    def clock(self, when: float) -> str:
        """The time of day, to the second."""
        return self._local(when).strftime("%H:%M:%S")

    def date(self, when: float) -> str:
        """The day, in words."""
        local = self._local(when)
        month = self.word("months").split()[local.month - 1]
        day = "1er" if self.language == "fr" and local.day == 1 else str(local.day)
        return f"{day}{_THIN}{month} {local.year}"

    def moment(self, when: Optional[float], whole: bool = False) -> Node:
        """The time of an epoch, readable by machines too, with its day unless that is the run's; a dash for None."""
        if not when:
            return "–"
        local = self._local(when)
        day = f"{self.date(when)}, " if whole or local.date() != self._today else ""
        return element("time", day, self.clock(when), datetime=local.isoformat(timespec="seconds"))

    def named(self, entry: Mapping[str, Any]) -> str:
        """The name of something in this language, else in any other, else its identity."""
        return text.named(entry, self.language)

    def listed(self, things: Sequence[Node]) -> list[Node]:
        """`a, b and c`."""
        found: list[Node] = []
        for index, thing in enumerate(things):
            last = index == len(things) - 1
            found += [f" {self.word('and')} " if last else ", ", thing] if index else [thing]
        return found

    def colon(self, label: Node) -> list[Node]:
        """A label with its colon, as the language sets it."""
        return [label, f"{_THIN}: " if self.language == "fr" else ": "]

    def english(self, sentence: object) -> Node:
        """A sentence that the run itself wrote, which is English wherever it is read."""
        return data(sentence, lang=None if self.language == "en" else "en")


def _zone(name: str) -> tuple[str, tzinfo]:
    """A time zone by its name, or UTC where this computer does not know it."""
    try:
        from zoneinfo import ZoneInfo

        return name, ZoneInfo(name)
    except (ImportError, KeyError, ValueError, OSError):
        return "UTC", timezone.utc
