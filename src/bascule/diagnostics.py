# SPDX-License-Identifier: Apache-2.0
"""Findings about a policy: what they hold and how they are printed.

A finding is a value that is collected, never printed where it is found; the reporters at the end of this module are the
only place that turns findings into text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]
Path = tuple[str | int, ...]

_SHOWN = 60
_PATH_SHOWN = 160
_CREDENTIALS = re.compile(r"//[^/\s]*@")


@dataclass(frozen=True)
class Diagnostic:
    """One finding: a code of docs/errors.md, where it is (line and column from 1), what is wrong, what to do."""

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    path: str
    what: str
    fix: str

    def __post_init__(self) -> None:
        if self.line < 1 or self.column < 1 or not self.what or not self.fix:
            raise ValueError(f"incomplete finding {self.code}: a place, what is wrong and a fix are needed")

    @property
    def sort_key(self) -> tuple[int, int, str, str]:
        """Order in reports: by place, then code, then text."""
        return (self.line, self.column, self.code, self.what)


class Findings(Exception):
    """Raised when a gate found errors; ``diagnostics`` holds all that it found, warnings included, by place."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(sorted(diagnostics, key=lambda item: item.sort_key))
        super().__init__(render(self.diagnostics, "text"))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Given findings, return whether one of them is an error."""
    return any(item.severity == "error" for item in diagnostics)


def path_text(path: Path) -> str:
    """Given a path, return it as people read it: ``("a", "b-c", 0)`` gives ``$.a.b-c[0]``."""
    text = "$" + "".join(f"[{step}]" if isinstance(step, int) else "." + plain(step) for step in path)
    return text if len(text) <= _PATH_SHOWN else text[: _PATH_SHOWN - 1] + "…"


def plain(text: str) -> str:
    """Given text of a policy, return it safe for a terminal: one line, shortened, invisible characters escaped."""
    # A web address may carry a password.
    text = _CREDENTIALS.sub("//…@", text)
    safe = "".join(c if c.isprintable() and c not in "\u202f\u00a0" else _escaped(c) for c in text)
    return safe if len(safe) <= _SHOWN else safe[: _SHOWN - 1] + "…"


def show(value: Any) -> str:
    """Given a JSON value of a policy, return it between backquotes, safe for a terminal."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"`{plain(text)}`"


def _escaped(character: str) -> str:
    # A no-break space looks like a space, so it is the one case that a reader must be able to tell apart.
    if character in "\u00a0\u202f":
        return "⍽"
    return character.encode("unicode_escape").decode("ascii")


def _text(diagnostics: tuple[Diagnostic, ...]) -> str:
    blocks = [
        f"{item.file}:{item.line}:{item.column}: {item.severity} {item.code}: {item.what} ({item.path})\n    {item.fix}"
        for item in diagnostics
    ]
    return "".join(block + "\n" for block in [*blocks, summary(diagnostics)])


def _json(diagnostics: tuple[Diagnostic, ...]) -> str:
    # A Diagnostic holds text and numbers only, so its attributes are its JSON.
    found = [dict(item.__dict__) for item in diagnostics]
    return json.dumps({"schema": "bascule/findings/v1", "findings": found}, ensure_ascii=False, indent=2) + "\n"


def _github(diagnostics: tuple[Diagnostic, ...]) -> str:
    return "".join(
        f"::{item.severity} file={_property(item.file)},line={item.line},col={item.column},title={item.code}"
        f"::{_message(f'{item.what}. {item.fix}')}\n"
        for item in diagnostics
    )


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """Given findings, return one line that counts them: ``2 errors, 1 warning``."""
    severities = [item.severity for item in diagnostics]
    counts = ((severities.count("error"), "error"), (severities.count("warning"), "warning"))
    said = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    return ", ".join(said) or "nothing found"


_REPORTERS: dict[str, Callable[[tuple[Diagnostic, ...]], str]] = {"text": _text, "json": _json, "github": _github}
FORMATS = tuple(_REPORTERS)


def render(diagnostics: Iterable[Diagnostic], form: str = "text") -> str:
    """Given findings and one of ``FORMATS``, return the report, ending in a newline. Raise KeyError for another."""
    return _REPORTERS[form](tuple(diagnostics))
