# SPDX-License-Identifier: Apache-2.0
"""The page that says what a run refuses knows every code of a refusal, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from bascule.commands import run

ROOT = Path(__file__).parents[2]
RAISED = re.compile(r"""(?:RefusedError\(|return \(?)\s*"([a-z]+(?:-[a-z]+)*)",""")


def test_every_refusal_is_in_the_table() -> None:
    sources = [*(ROOT / "plugins/plugin_utils").glob("_ref*.py"), ROOT / "plugins/plugin_utils/_request.py"]
    code = "\n".join(path.read_text() for path in [*sources, ROOT / "plugins/action/guard.py"])
    known = {
        name for name in RAISED.findall(code) if "-" in name or name in ("undeclared", "serves", "locked", "unfenced")
    }
    text = (ROOT / "docs/running.md").read_text()
    table = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    told = {name for cell in table for name in re.findall(r"`([a-z]+(?:-[a-z]+)*)`", cell)}
    told -= {"bascule watch --json"}
    assert len(known) > 15
    assert known == told


def test_options_of_drivers_are_the_same_wherever_they_are_listed() -> None:
    guard = (ROOT / "plugins/plugin_utils/_refused_variables.py").read_text()
    [listed] = re.findall(r"^EXTRA = frozenset\(\{(.*?)\}\)$", guard, re.MULTILINE | re.DOTALL)
    [row] = [line for line in (ROOT / "docs/running.md").read_text().splitlines() if "`strange-variables`" in line]
    [told] = re.findall(r"\| `((?:[a-z_]+ ?)+)`;", row)
    assert set(re.findall(r'"([a-z_]+)"', listed)) == set(run.OPTIONS) == set(told.split())
