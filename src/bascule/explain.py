# SPDX-License-Identifier: Apache-2.0
"""What the code of a finding means: the entry of docs/errors.md."""

from __future__ import annotations

import re

from bascule.resources import resource


def explain(code: str) -> str:
    """Given a code such as ``BC204``, return its entry as plain text. Raise KeyError when there is no such code."""
    return entries()[code]


def entries() -> dict[str, str]:
    """Return all entries by code, in the order of the page."""
    page = resource("docs", "errors.md").read_text(encoding="utf-8")
    found = {}
    for match in re.finditer(r"^### (BC[0-9]{3}): (.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL):
        found[match[1]] = f"{match[1]}: {_plain(match[2])}\n"
    return found


def _plain(markdown: str) -> str:
    flags = re.MULTILINE | re.DOTALL
    text = re.sub(r"^```yaml\n(.*?)^```\n?", lambda block: _indented(block[1]), markdown, flags=flags)
    return re.sub(r"\*\*(.+?)\*\*", r"\1", text).strip()


def _indented(block: str) -> str:
    return "".join(f"    {line}\n" for line in block.splitlines())
