# SPDX-License-Identifier: Apache-2.0
"""The demonstration's story with doubles for the lab and the drivers: its order, its failures, its result."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from bascule_lab.demo import cli, result
from bascule_lab.demo.clients import Clients
from bascule_lab.demo.commands import Commands, FailedError, Outcome
from bascule_lab.demo.rehearsal import Rehearsal, Run
from bascule_lab.demo.story import Story

ENTRY = {
    "id": "orders",
    "name": {"fr": "Prendre les commandes", "en": "Take orders"},
    "word": "usable",
    "need": {"mtpd_s": 28800, "pdma_s": 900},
    "target": {"rto_s": 1800, "rpo_s": 60},
    "predicted": {"rto_s": 13, "rpo_s": 1},
    "measured": {"rta_s": 9.4, "rta_is": "exact", "rpa_s": 0.6, "rpa_is": "at_most"},
    "outage": {"seconds": 10.1},
    "acknowledged": {"asked": 20, "lost": 0},
    "verdict": {"rto": "kept", "rpo": "not_shown", "mtpd": "kept", "pdma": "kept"},
}


class DoubleRehearsal(Rehearsal):
    """Stands for lab and drivers: notes what is asked, fails where it is told to."""

    def __init__(self, folder: Path, fail: str = "", error: type[BaseException] = FailedError) -> None:
        super().__init__(folder / "policy.yml", folder / "build", Commands(folder))
        self.__dict__["policy_id"] = "double"
        self.__dict__["plan"] = {"observers": {}, "activities": {}}
        self.asked: list[str] = []
        self.fail, self.error = fail, error

    def note(self, what: str) -> None:
        self.asked.append(what)
        if what == self.fail:
            raise self.error("it broke")

    def lab(self, *words: str, limit_s: float = 0) -> Outcome:
        self.note(" ".join(words))
        return Outcome(words[0], 0, 0.0, Path("log"))

    def up(self) -> None:
        self.note("up")

    def compile(self) -> None:
        self.note("compile")

    def driver(self, name: str, **options: Any) -> Run:
        code = 1 if self.fail == f"exit of {name}" else 0
        self.note(f"dr-{name}")
        report: dict[str, Any] = {"activities": [ENTRY]} if name in ("activate", "failback") else {}
        report["problems"] = ["orders: blocked"] if code else []
        return Run(Outcome(name, code, 1.0, Path("logs/driver.log")), None, report)


def story(rehearsal: Rehearsal) -> tuple[Story, io.StringIO]:
    out = io.StringIO()
    return Story(rehearsal, out, 0.0), out


@pytest.fixture(autouse=True)
def signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)


def test_the_order(tmp_path: Path) -> None:
    rehearsal = DoubleRehearsal(tmp_path)
    told, _ = story(rehearsal)
    assert cli.perform(told, keep=False) == (0, "")
    assert rehearsal.asked == [
        "up", "compile", "dr-build", "kill primary", "dr-activate", "dr-verify", "start primary", "dr-failback",
        "dr-verify", "dr-teardown", "down",
    ]  # fmt: skip


def test_a_driver_that_fails_is_named_with_its_log_and_the_lab_goes_down(tmp_path: Path) -> None:
    rehearsal = DoubleRehearsal(tmp_path, fail="exit of activate")
    told, out = story(rehearsal)
    code, reason = cli.perform(told, keep=False)
    assert code == 1
    assert reason == "Step activate failed: dr-activate ended with 1: orders: blocked. Read logs/driver.log"
    assert rehearsal.asked[-2:] == ["dr-activate", "down"]
    assert reason in out.getvalue()
    assert result.of(told, code, reason)["activities"][0]["home"] is None


def test_an_interruption_takes_the_lab_down(tmp_path: Path) -> None:
    rehearsal = DoubleRehearsal(tmp_path, fail="dr-build", error=KeyboardInterrupt)
    assert cli.perform(story(rehearsal)[0], keep=False) == (130, "Interrupted in step build.")
    assert rehearsal.asked[-1] == "down"


def test_a_lab_that_does_not_go_down_is_said(tmp_path: Path) -> None:
    rehearsal = DoubleRehearsal(tmp_path, fail="down")
    told, out = story(rehearsal)
    assert cli.perform(told, keep=False)[0] == 1
    assert "The lab could not be taken down: it broke Try: bascule-lab down" in out.getvalue()


def test_keep_leaves_all_running_and_says_how_to_look(tmp_path: Path) -> None:
    rehearsal = DoubleRehearsal(tmp_path)
    told, out = story(rehearsal)
    assert cli.perform(told, keep=True)[0] == 0
    assert "dr-teardown" not in rehearsal.asked
    assert "down" not in rehearsal.asked
    assert "bascule-lab down" in out.getvalue()


def test_records_that_are_gone_fail_the_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsal = DoubleRehearsal(tmp_path)
    told, _ = story(rehearsal)
    told.people = Clients(rehearsal, "outside", ("orders",))
    monkeypatch.setattr(Clients, "stop", lambda self: None)
    monkeypatch.setattr(Clients, "count", lambda self, since: {"orders": {"acknowledged": 9, "lost": 2}})
    with pytest.raises(FailedError, match="are gone after the way back: 2 of orders"):
        told.count()


def test_nothing_acknowledged_before_the_disaster_fails_the_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal = DoubleRehearsal(tmp_path)
    told, _ = story(rehearsal)
    told.people = Clients(rehearsal, "outside", ("orders", "drawings"))
    monkeypatch.setattr(Clients, "start", lambda self: None)
    counted = {"orders": {"acknowledged": 9, "lost": 0}, "drawings": {"acknowledged": 0, "lost": 0}}
    monkeypatch.setattr(Clients, "count", lambda self, since: counted)
    with pytest.raises(FailedError, match="Nothing was acknowledged for drawings"):
        told.work()


def test_the_table_says_what_the_reports_say(tmp_path: Path) -> None:
    told, _ = story(DoubleRehearsal(tmp_path))
    cli.perform(told, keep=False)
    told.after = {"orders": {"acknowledged": 31, "lost": 0}}
    lines = result.text(result.of(told, 0, "")).splitlines()
    cells = [part.strip() for part in lines[4].split("  ") if part]
    assert cells == [
        "Take orders", "8 h / 15 min", "30 min / 1 min", "13 s / 1 s", "9.4 s / ≤ 0.6 s", "10 s", "0 of 20",
        "usable: time kept, data not shown",
    ]  # fmt: skip
    assert lines[5].split() == ["and", "home", "again", "10", "s", "0", "of", "31", "usable"]
    assert "all 31 records acknowledged since the disaster are there." in lines[-2]
