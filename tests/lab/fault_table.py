# SPDX-License-Identifier: Apache-2.0
"""The table of faults in `docs/faults.md`: each row is written, and held to be true, by the test of its fault."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bascule_lab.demo.rehearsal import Run
from bascule_runtime import journal, report, text

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = (
    "| the fault | when it strikes | what the run says | exit code | what to do next |",
    "| --- | --- | --- | --- | --- |",
)
BEGIN, END = "<!-- the rows below are written by the tests -->", "<!-- the rows end here -->"
VARIES = "…"  # stands, in a sentence of the table, for text that differs from run to run
ROW = re.compile(r'\| <a id="([a-z0-9-]+)"></a>')


@dataclass(frozen=True)
class Row:
    """One line of the table. `says` is what the run said, `…` where that differs from run to run."""

    id: str
    fault: str
    when: str
    says: str
    exit: int
    then: str

    def __str__(self) -> str:
        cells = (f'<a id="{self.id}"></a>{self.fault}', self.when, self.says, str(self.exit), self.then)
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


@dataclass(frozen=True)
class FaultTable:
    """The page, and whether rows are accepted as they are found (`--accept`) or must be there already."""

    page: Path
    accept: bool

    def ends_with(
        self, run: Run, *, id: str, fault: str, driver: str, exit: int, says: str, then: str, stage: str = "",
        journalled: bool = True,
    ) -> None:  # fmt: skip
        """Hold that `run` ended as its row says, and that the row is on the page.

        `id` names the fault (a-z, 0-9, -). `fault`, `says`, `then` are for a tired reader: the fault in plain words,
        the sentence that the run said (`…` for what differs from run to run), and what the person does next. `driver`
        and `stage` say when it strikes. `journalled` is false only where a run is refused before it has a journal.
        """
        log = run.outcome.log.read_text(encoding="utf-8", errors="replace")
        hint = f"see {run.outcome.log}:\n" + "\n".join(log.splitlines()[-60:])
        assert run.outcome.exit == exit, f"ended with {run.outcome.exit} instead of {exit}; {hint}"
        assert said(says, log), f"it did not say {says!r}; {hint}"
        assert "Traceback" not in log, hint
        if journalled:
            assert run.folder is not None, f"there is no folder of the run; {hint}"
            kept = readable(run.folder)
            assert kept == (exit == 0), f"the report says {kept} and the exit code {exit}; {hint}"
        self._hold(Row(id, fault, f"{driver}, {stage}" if stage else driver, says, exit, then))

    def _hold(self, row: Row) -> None:
        assert re.fullmatch(r"[a-z0-9-]+", row.id), row.id
        rows = rows_of(self.page)
        if self.accept:
            write(self.page, {**rows, row.id: str(row)}.values())
            rows = rows_of(self.page)
        assert rows.get(row.id) == str(row), f"{self.page} does not say this of {row.id}; --accept writes it"


def said(sentence: str, log: str) -> bool:
    """Whether a log holds a sentence, however it was broken into lines or quoted; `…` stands for some other text."""
    # Ansible quotes what it shows as JSON, the report wraps it.
    plain = re.sub(r"\s+", "", log.replace('\\"', '"').replace("\\n", ""))
    parts = [re.escape(re.sub(r"\s+", "", part)) for part in sentence.split(VARIES)]
    return re.search(".{1,200}?".join(parts), plain) is not None


def readable(folder: Path) -> bool:
    """Read the journal of a run and compute its report, in both languages; returns whether the promise was kept."""
    assert journal.read(folder), f"{folder} has an empty journal"
    found = report.of_folder(folder)
    for language in ("en", "fr"):
        assert text.render(found, language).strip()
    return bool(found["ok"])


def rows_of(page: Path) -> dict[str, str]:
    """The rows of the page, by id, in the order of the page."""
    lines = page.read_text(encoding="utf-8").split(BEGIN, 1)[1].split(END, 1)[0].splitlines()
    found = ((ROW.match(line), line) for line in lines)
    return {match[1]: line for match, line in found if match}


def write(page: Path, rows: Iterable[str]) -> None:
    """Write the page anew with these rows, sorted by id; the whole page or nothing."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    # Not by the line itself: `a-b` would come before `a`.
    lines = sorted(rows, key=lambda line: (ROW.match(line) or [""])[1])
    partial = page.with_name(f".{page.name}.{os.getpid()}")
    partial.write_text("\n".join([before + BEGIN, "", *HEAD, *lines, "", END]) + after, encoding="utf-8")
    partial.replace(page)
