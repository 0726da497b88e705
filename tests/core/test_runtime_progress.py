# SPDX-License-Identifier: Apache-2.0
"""Where a run stands while it goes on, and what is drawn of it on terminals of all kinds."""

from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path
from typing import Any

import jsonschema
import pyte
import pytest

from bascule_runtime import follow, journal, terminal
from bascule_runtime.progress import Progress
from bascule_runtime.progress_text import Row, Words, clock

SCHEMAS = Path(__file__).parents[2] / "schemas"
UNITS = ["system.db", "system.files", "system.app", "switch.g1", "switch.g2", "activity.orders", "activity.drawings"]
AFTER = {
    "system.app": ["system.db"],
    "switch.g1": ["system.app", "system.db"],
    "switch.g2": ["system.files"],
    "activity.orders": ["switch.g1"],
    "activity.drawings": ["switch.g2"],
}
PLAN: dict[str, Any] = {
    "schema": "bascule/plan/v1",
    "policy": {"id": "invented", "digest": "sha256:0", "language": "en", "name": {"en": "Invented firm"}},
    "systems": {"db": {"group": "g1"}, "app": {"group": "g1"}, "files": {"group": "g2"}},
    "groups": {"g1": {"systems": ["db", "app"]}, "g2": {"systems": ["files"]}},
    "activities": {
        "orders": {"group": "g1", "systems": ["db", "app"], "name": {"en": "Take orders"}, "target": {"rto_s": 60}},
        "drawings": {"group": "g2", "systems": ["files"], "name": {"en": "Drawings"}, "target": {"rto_s": 7200}},
    },
    "units": [{"id": u, "kind": u.split(".")[0], "subject": u.split(".")[1], "after": AFTER.get(u, [])} for u in UNITS],
}
GUARD = {
    "id": "20261123T181500Z-activate-1f0c",
    "driver": "activate",
    "started": 1000.0,
    "since": None,
    "scope": {"units": UNITS},
    "declared": "fire\x1b[31m in the\nserver room",
    "reachable": {"db1": False, "db2": True},
}


def gate(unit: str, stage: str = "serve") -> dict[str, Any]:
    return {
        "event": "began",
        "unit": unit,
        "name": "Wait",
        "phase": "recover",
        "gate": {"stage": stage, "after": "graph"},
    }


def opened(unit: str) -> dict[str, Any]:
    return {**task(unit, "Wait"), "gate": {"stage": "serve", "opened": True}}


def begins(unit: str, name: str, **more: str) -> dict[str, Any]:
    return {"event": "began", "unit": unit, "name": name, "phase": "recover", "step": "recover", **more}


def task(unit: str, name: str, state: str = "ok", **more: Any) -> dict[str, Any]:
    facts = {"event": "task", "unit": unit, "name": name, "phase": "recover", "state": state}
    return {**facts, "began": 0.0, "seconds": 0.0, **more}


def ends(unit: str, state: str, at: float) -> dict[str, Any]:
    return {"event": "unit", "unit": unit, "state": state, "stage": "serve", "began": 1000.0, "ended": at}


BEGIN = [
    {"event": "run_started", "driver": "activate", "check": False, "policy": "invented", "digest": "sha256:0"},
    {"event": "phase", "name": "Guard", "phase": "guard"},
    {"event": "guard", **GUARD},
    {"event": "phase", "name": "Recover, switch, ask", "phase": "recover"},
    *map(gate, UNITS),
    opened("system.db"),
    opened("system.files"),
    begins("system.db", "Restore the cluster"),
]
MIDDLE = [
    begins("system.files", "Restore the files"),
    task("system.files", "Restore the files", "failed", msg="No copy of files can be read."),
    ends("system.files", "failed", 1010.0),
    task("switch.g2", "Wait", "failed", msg="Blocked by system.files (failed).", reason="blocked"),
    ends("switch.g2", "blocked", 1010.0),
    task("activity.drawings", "Wait", "failed", msg="Blocked by switch.g2 (blocked).", reason="blocked"),
    ends("activity.drawings", "blocked", 1010.0),
]
END = [
    task("system.db", "Restore the cluster", word="data_correct"),
    ends("system.db", "done", 1020.0),
    task("activity.orders", "Ask as users do", word="usable"),
    ends("activity.orders", "done", 1030.0),
    {"event": "run_ended", "exit_hint": 2},
]


def stamped(events: list[dict[str, Any]], begin: float = 1000.0) -> list[dict[str, Any]]:
    return [{"t": begin + number, **event} for number, event in enumerate(events)]


def told(*parts: list[dict[str, Any]]) -> tuple[Progress, Words, list[str]]:
    """Progress after these events, its words, and the lines said on the way."""
    progress = Progress(PLAN)
    words, lines = Words(progress), []
    for event in stamped([event for part in parts for event in part]):
        progress.feed(event)
        lines += [line.text for line in words.changes(event)]
    return progress, words, lines


def rows(progress: Progress, now: float = 1015.0) -> dict[str, dict[str, Any]]:
    state = progress.state(now)
    schema = json.loads((SCHEMAS / "progress/v1.schema.json").read_text())
    jsonschema.validate(state, schema)
    return {row["id"]: row for row in state["rows"]}


def test_events_are_those_of_the_journal() -> None:
    schema = json.loads((SCHEMAS / "journal/v1.schema.json").read_text())
    for event in stamped([*BEGIN, *MIDDLE, *END]):
        jsonschema.validate(event, schema)
    jsonschema.validate(
        json.loads((SCHEMAS / "progress/v1.schema.json").read_text())["examples"][0],
        json.loads((SCHEMAS / "progress/v1.schema.json").read_text()),
    )


def test_what_runs_and_what_waits_for_what() -> None:
    progress, _words, lines = told(BEGIN)
    seen = rows(progress)
    assert seen["orders"]["state"] == "running"
    assert [(entry["of"], entry["task"]) for entry in seen["orders"]["doing"]] == [("system.db", "Restore the cluster")]
    assert progress.waits("system.app") == ["system.db"]
    assert progress.waits("activity.orders") == ["switch.g1"]
    # Between two tasks nothing has a name, and still something goes on.
    assert [(entry["of"], entry["task"]) for entry in seen["drawings"]["doing"]] == [("system.files", "")]
    assert "app: waits for db" in lines
    assert "db: Restore the cluster" in lines
    assert (seen["orders"]["elapsed_s"], seen["orders"]["promised_s"]) == (15.0, 60)


def test_a_row_waits_only_while_nothing_of_it_runs() -> None:
    waiting = [*BEGIN[:4], gate("switch.g2"), gate("activity.drawings"), begins("system.db", "Restore")]
    progress, words, _lines = told(waiting)
    assert rows(progress)["drawings"]["state"] == "waiting"
    assert rows(progress)["drawings"]["waits_for"] == ["system.files", "switch.g2"]
    assert words.rows(progress.state(1015.0))[1].doing == "waits for files, switch g2"


def test_a_failure_is_said_whole_and_what_it_blocks_says_why() -> None:
    progress, words, lines = told(BEGIN, MIDDLE)
    assert "files: Restore the files: failed: No copy of files can be read." in lines
    assert rows(progress)["drawings"]["because"] == ["system.files"]
    blocked = [line for line in lines if line.startswith("Drawings: ")]
    assert blocked[-1] == "Drawings: blocked after 10 s (promised: 2 h). files: failed"
    row = next(row for row in words.rows(progress.state(1015.0)) if row.name == "Drawings")
    assert (row.sign, row.doing, row.time) == ("✗", "blocked. files: failed", "0:10 / 2 h")


def test_the_end_is_never_stronger_than_what_was_seen() -> None:
    progress, words, lines = told(BEGIN, MIDDLE, END)
    assert {name: row["state"] for name, row in rows(progress).items()} == {"orders": "usable", "drawings": "blocked"}
    assert "Take orders: usable after 30 s (promised: 1 min)" in lines
    assert [line.text for line in words.end()] == ["The run ended and did not reach its goal."]
    without = [event for event in END if event.get("word") != "usable"]
    progress, _words, _lines = told(BEGIN, MIDDLE, without)
    assert rows(progress)["orders"]["state"] == "done"


def test_more_than_promised_is_said_in_words_too() -> None:
    progress, words, _lines = told(BEGIN)
    assert [row.time for row in words.rows(progress.state(1061.0))] == ["1:01 / 1 min over", "1:01 / 2 h"]
    assert words.rows(progress.state(1060.0))[0].time == "1:00 / 1 min"


def test_what_was_typed_steers_no_terminal() -> None:
    _progress, _words, lines = told(BEGIN)
    assert r"Reason: fire\x1b[31m in the server room" in lines
    assert "Machines that did not answer: db1" in lines
    assert not re.search(r"[\x00-\x1f\x7f]", "".join(lines))


def test_events_of_a_later_version_are_left_out() -> None:
    progress, words, _lines = told(BEGIN, [{"event": "weather", "sky": "blue"}])
    assert rows(progress)["orders"]["state"] == "running"
    assert words.changes({"t": 1.0, "event": "weather"}) == []


def test_the_page_of_a_run_leaves_beginnings_to_those_who_look_on() -> None:
    from bascule_runtime import trail
    from bascule_runtime.events import Run

    kinds = {event["kind"] for event in trail.events(Run(PLAN, stamped([*BEGIN, *MIDDLE, *END])))}
    assert kinds == {"run_started", "phase", "guard", "task", "unit", "run_ended"}


def test_hours_on_the_clock() -> None:
    assert [clock(seconds) for seconds in (0.9, 61, 3725)] == ["0:00", "1:01", "1:02:05"]


class Terminal:
    """A terminal in memory, with a screen on it."""

    def __init__(self, columns: int, lines: int, colour: bool = False) -> None:
        self.emulator = pyte.HistoryScreen(columns, lines, history=500)
        self.stream, self.written = pyte.Stream(self.emulator), io.StringIO()
        self.size = (columns, lines)
        self.screen = terminal.Screen(self.written, colour, lambda: self.size)

    def show(self, lasting: list[str], head: str, entries: list[Row]) -> list[str]:
        """Draw; returns what people see."""
        before = len(self.written.getvalue())
        self.screen.show(lasting, head, entries)
        self.stream.feed(self.written.getvalue()[before:])
        return [line.rstrip() for line in self.emulator.display if line.strip()]

    def resize(self, columns: int, lines: int) -> None:
        self.size = (columns, lines)
        self.emulator.resize(lines, columns)


def entries(count: int, seconds: int = 0, name: str = "Activity") -> list[Row]:
    return [
        Row(
            "▶" if number == count - 1 else "·",
            f"{name} {number}",
            "db: Restore the cluster",
            f"0:{seconds:02d} / 1 min",
            "36",
        )
        for number in range(count)
    ]


def test_it_is_drawn_in_place_and_what_lasts_stays_above() -> None:
    made = Terminal(80, 20)
    made.show([], "head 0", entries(2))
    seen = made.show(["12:00:00  it failed"], "head 1", entries(2, 1))
    assert seen == [
        "12:00:00  it failed",
        "head 1",
        "  · Activity 0  db: Restore the cluster                            0:01 / 1 min",
        "  ▶ Activity 1  db: Restore the cluster                            0:01 / 1 min",
    ]
    assert [line for line in made.show([], "head 2", entries(2, 2)) if "head" in line] == ["head 2"]


def test_nothing_is_written_while_nothing_changes() -> None:
    made = Terminal(80, 20)
    made.show([], "head", entries(2))
    before = made.written.getvalue()
    made.show([], "head", entries(2))
    assert made.written.getvalue() == before


@pytest.mark.parametrize("columns", [8, 20, 40, 49, 50, 60, 80, 200])
def test_narrow_terminals_never_wrap(columns: int) -> None:
    made = Terminal(columns, 20)
    for seconds in range(3):
        seen = made.show(
            [], "a rather long head that does not fit everywhere · " * 3, entries(3, seconds, "Prise de commandes")
        )
        assert len(seen) == 4
        assert all(len(line) < columns for line in seen)


def test_a_low_terminal_shows_what_runs_and_counts_the_rest() -> None:
    made = Terminal(80, 6)
    for seconds in range(30):
        seen = made.show([], f"head {seconds}", entries(9, seconds))
        assert [line for line in seen if "head" in line] == [f"head {seconds}"]
    assert "Activity 8" in seen[1]
    assert seen[-1] == "  + 6"
    assert not made.emulator.history.top


def test_a_terminal_that_changes_its_size_is_drawn_afresh() -> None:
    made = Terminal(80, 20)
    made.show(["12:00:00  it failed"], "head", entries(3))
    for columns, lines in ((40, 10), (100, 30), (79, 5), (40, 40)):
        made.resize(columns, lines)
        seen = made.show([], "head", entries(3))
        assert [line for line in seen if "head" in line] == ["head"]
        assert sum("Activity" in line for line in seen) + ("+" in seen[-1]) >= 3
        assert made.show([], "head", entries(3)) == seen


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, bright = Terminal(80, 20), Terminal(80, 20, colour=True)
    for made in (plain, bright):
        made.show([], "head", entries(1))
    assert "\x1b[36m" in bright.written.getvalue()
    assert not re.search(r"\x1b\[[0-9;]*m", plain.written.getvalue())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not terminal.coloured()


def test_a_pipe_or_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    for term, live in (("dumb", False), ("", False), ("xterm", True)):
        monkeypatch.setenv("TERM", term)
        assert terminal.fits(Tty()) is live
        assert not terminal.fits(io.StringIO())
    monkeypatch.delenv("TERM")
    assert isinstance(follow.output(Tty(), False), follow.Plain)


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "build/runs/20261123T181500Z-activate-1f0c"
    folder.mkdir(parents=True)
    (tmp_path / "build/plan.json").write_text(json.dumps(PLAN))
    return folder


def written(folder: Path, *parts: list[dict[str, Any]], rest: str = "") -> None:
    lines = [json.dumps(event) + "\n" for event in stamped([event for part in parts for event in part])]
    (folder / journal.FILE).write_text("".join(lines) + rest)


def test_a_run_that_has_ended_is_shown_at_once(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(run_folder, BEGIN, MIDDLE, END)
    assert follow.main([str(run_folder.parents[1])]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d  [^\x00-\x1f]+", line) for line in lines)
    ended = time.strftime("%H:%M:%S", time.localtime(1000 + len([*BEGIN, *MIDDLE, *END]) - 1))
    assert lines[-1] == f"{ended}  The run ended and did not reach its goal."
    assert follow.main([str(run_folder), "--json", "--language", "fr"]) == 1
    states = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert states[-1]["ended"] is True
    assert len(states) > 5


def test_a_killed_run_says_so(
    run_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket
    import subprocess

    ended = subprocess.Popen(["true"])
    ended.wait()
    holder = {"controller": socket.gethostname(), "pid": ended.pid}
    begin = [{**event, "holder": holder} if event["event"] == "guard" else event for event in BEGIN]
    written(run_folder, begin, rest='{"t": 1, "event": "ta')
    assert follow.main([str(run_folder)]) == 1
    assert "it was killed before it could say how it ended" in capsys.readouterr().out.splitlines()[-1]
    # A run of another computer may well be alive.
    holder["controller"] = "elsewhere"
    progress = Progress(PLAN)
    for event in stamped(begin):
        progress.feed(event)
    monkeypatch.setattr(time, "sleep", lambda _s: None)
    assert not follow.beside(progress)()


def test_where_there_is_no_run_it_says_what_to_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert follow.main([str(tmp_path)]) == 3
    assert "no run is here" in capsys.readouterr().err


def test_the_live_display_of_a_whole_run(run_folder: Path) -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            raise OSError("in memory")

    written(run_folder, BEGIN, MIDDLE, END)
    stream = Tty()
    live = follow.Live(stream)
    follow.follow(run_folder, PLAN, live)
    emulator = pyte.Screen(80, 24)
    pyte.Stream(emulator).feed(stream.getvalue())
    seen = [line.rstrip() for line in emulator.display if line.strip()]
    assert any(line.endswith("files: Restore the files: failed: No copy of files can be read.") for line in seen)
    assert any(line.startswith("  ✓ Take orders") for line in seen)
    assert sum(line.startswith("Invented firm · activate") for line in seen) == 1
