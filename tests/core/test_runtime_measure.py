# SPDX-License-Identifier: Apache-2.0
"""RTO and RPO from journals made by hand: exact figures, bounds, and never a stronger word than was seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bascule_runtime import journal, report, text

T = 1_000_000.0
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PLAN: dict[str, Any] = {
    "policy": {
        "id": "double",
        "digest": "sha256:0",
        "name": {"fr": "Firme inventée", "en": "Invented firm"},
        "language": "fr",
    },
    "observers": {"outside": {"machine": "outside"}},
    "systems": {
        "db": {"id": "db", "machines": {"primary": "db1", "standby": "db2"}, "protections": [{"by": "double"}]},
        "app": {"id": "app", "machines": {"primary": "app1", "standby": "app2"}, "protections": []},
    },
    "activities": {
        "orders": {
            "id": "orders",
            "name": {"fr": "Commandes", "en": "Orders"},
            "owner": "sales",
            "need": {"mtpd_s": 3600, "pdma_s": 60},
            "target": {"rto_s": 100, "rpo_s": 10},
            "systems": ["db", "app"],
            "group": "orders",
            "predicted": {"rto": {"seconds": 30}, "rpo": {"seconds": 1}},
        }
    },
    "units": [
        {"id": "system.db", "kind": "system", "subject": "db", "after": []},
        {"id": "system.app", "kind": "system", "subject": "app", "after": ["system.db"]},
        {"id": "switch.orders", "kind": "switch", "subject": "orders", "after": ["system.app"]},
        {"id": "activity.orders", "kind": "activity", "subject": "orders", "after": ["switch.orders"]},
    ],
}


def run(
    *,
    seen: bool = True,
    usable: bool = True,
    since: float | None = None,
    heartbeat: float | None = T - 3,
    strategy: str = "promote",
    lost_from: float | None = None,
    offset: float = 0.0,
    killed: bool = False,
    check: bool = False,
) -> list[dict[str, Any]]:
    """A journal: last good answer at T, run started at T + 20, usable at T + 60."""

    def task(unit: str, step: str, at: float, **more: Any) -> dict[str, Any]:
        return {
            "t": at,
            "event": "task",
            "unit": unit,
            "name": step,
            "phase": "recover",
            "state": "ok",
            "began": at - 1,
            "seconds": 1.0,
            "step": step,
            **more,
        }

    def unit(name: str, began: float, at: float, state: str = "done") -> dict[str, Any]:
        return {"t": at, "event": "unit", "unit": name, "state": state, "stage": "serve", "began": began, "ended": at}

    units = [entry["id"] for entry in PLAN["units"]]
    events = [
        {"t": T + 20, "event": "run_started", "driver": "activate", "check": check, "policy": "double", "digest": "s"},
        {
            "t": T + 21,
            "event": "guard",
            "id": "r",
            "driver": "activate",
            "direction": "standby",
            "started": T + 20,
            "scenario": {"name": "lost", "mode": "loss"},
            "declared": "fire",
            "unfenced": None,
            "since": since,
            "point": None,
            "check": check,
            "scope": {"units": units, "activities": ["orders"], "groups": ["orders"]},
            "reachable": {},
        },
        {
            "t": T + 22,
            "event": "task",
            "machine": "db1",
            "name": "look",
            "phase": "guard",
            "state": "ok",
            "began": T + 21,
            "seconds": 1.0,
            "step": "look",
            "evidence": {"offset_s": offset},
        },
        task(
            "system.db",
            "recover",
            T + 40,
            word="data_correct",
            evidence={"strategy": strategy, "heartbeat_at": heartbeat, "point": {"id": "p", "at": T - 30, "by": "x"}},
        ),
        unit("system.db", T + 23, T + 40),
        task("system.app", "recover", T + 50, word="answering"),
        unit("system.app", T + 40, T + 50),
        unit("switch.orders", T + 50, T + 51),
    ]
    if killed:
        return events
    answer = {
        "usable": usable,
        "at": T + 60,
        "asked": 1,
        "who": "x",
        "ms": 1,
        "reason": "" if usable else "no",
        "records": [],
    }
    evidence = {
        "activity": "orders",
        "answer": answer,
        "outage": {"seen": seen, "last_good": T if seen else None, "first_good": T + 60 if seen else None},
        "acknowledged": {
            "asked": 5,
            "held": 5,
            "lost": 0 if lost_from is None else 2,
            "lost_from": lost_from,
            "reason": "",
        },
    }
    told = {"word": "usable"} if usable else {"msg": "orders is not usable: no."}
    last = task("activity.orders", "ask", T + 61, evidence=evidence, **told)
    last["state"] = "ok" if usable else "failed"
    return [
        *events,
        last,
        unit("activity.orders", T + 51, T + 61, "done" if usable else "failed"),
        {"t": T + 70, "event": "run_ended", "exit_hint": 0},
    ]


def orders(**options: Any) -> dict[str, Any]:
    found = report.compute(PLAN, run(**options))
    jsonschema.validate(found, json.loads((SCHEMAS / "report/v1.schema.json").read_text()))
    return dict(found["activities"][0])


def test_figures_are_exact_when_an_observer_saw_the_last_good_answer() -> None:
    entry = orders()
    assert (entry["measured"]["rta_s"], entry["measured"]["rta_is"]) == (60.0, "exact")
    assert (entry["measured"]["rpa_s"], entry["measured"]["rpa_is"], entry["measured"]["rpa_of"]) == (
        3.0,
        "exact",
        "db",
    )
    assert entry["verdict"] == {"rto": "kept", "rpo": "kept", "mtpd": "kept", "pdma": "kept"}
    assert entry["outage"]["seconds"] == 60.0
    assert entry["word"] == "usable"


def test_without_a_disruption_figures_are_bounds() -> None:
    entry = orders(seen=False)
    assert (entry["measured"]["rta_s"], entry["measured"]["rta_is"]) == (40.0, "at_least")
    assert (entry["measured"]["rpa_s"], entry["measured"]["rpa_is"]) == (23.0, "at_most")
    assert entry["verdict"]["rto"] == "not_shown"
    assert entry["verdict"]["rpo"] == "not_shown"
    assert entry["verdict"]["pdma"] == "kept"


def test_since_stands_in_for_the_last_good_answer() -> None:
    entry = orders(seen=False, since=T - 50)
    assert entry["measured"]["disruption_from"] == "since"
    assert entry["measured"]["rta_s"] == 110.0
    assert entry["verdict"]["rto"] == "missed"


def test_lost_records_count_even_when_the_heartbeat_says_less() -> None:
    entry = orders(lost_from=T - 30)
    assert (entry["measured"]["rpa_s"], entry["measured"]["rpa_of"]) == (30.0, "records")
    assert entry["verdict"]["rpo"] == "missed"


@pytest.mark.parametrize(
    ("options", "rpa", "kind"),
    [
        ({"heartbeat": None}, 30.0, "at_most"),
        ({"strategy": "already"}, 3.0, "exact"),
        ({"strategy": "already", "heartbeat": T + 5}, None, None),
    ],
)
def test_what_is_not_known_is_not_claimed(options: dict[str, Any], rpa: float | None, kind: str | None) -> None:
    entry = orders(**options)
    assert (entry["measured"]["rpa_s"], entry["measured"]["rpa_is"]) == (rpa, kind)


def test_not_usable_is_never_called_better() -> None:
    entry = orders(usable=False)
    assert entry["word"] == "failed"
    assert entry["measured"]["rta_s"] is None
    assert entry["verdict"]["rto"] == "not_shown"
    assert report.compute(PLAN, run(usable=False))["ok"] is False


def test_a_killed_run_says_what_was_seen() -> None:
    found = report.compute(PLAN, run(killed=True))
    entry = found["activities"][0]
    assert (entry["word"], found["run"]["ended"], found["ok"]) == ("answering", None, False)


def test_a_clock_that_falsifies_a_figure_is_said() -> None:
    entry = orders(offset=9.0)
    assert any("db1 is off by +9.0 s" in text and "put right, it is 12 s" in text for text in entry["why"])
    assert (entry["measured"]["rpa_is"], entry["verdict"]["rpo"]) == ("doubtful", "not_shown")
    assert not any("is off" in text for text in orders(offset=2.0)["why"])


@pytest.mark.parametrize(("offset", "beat"), [(-3600.0, T - 3603), (3600.0, T + 3597)])
def test_a_primary_an_hour_off_shows_no_loss_and_hides_none(offset: float, beat: float) -> None:
    entry = orders(offset=offset, heartbeat=beat)
    assert (entry["measured"]["rpa_is"], entry["verdict"]["rpo"]) == ("doubtful", "not_shown")
    assert any("put right, it is 3.0 s" in text for text in entry["why"])
    assert (entry["measured"]["rta_is"], entry["verdict"]["rto"]) == ("exact", "kept")


def test_an_observer_an_hour_off_falsifies_the_loss_and_not_the_time() -> None:
    events = run()
    look = next(event for event in events if event.get("machine") == "db1")
    events.insert(3, {**look, "machine": "outside", "evidence": {"offset_s": 3600.0}})
    entry = report.compute(PLAN, events)["activities"][0]
    assert (entry["measured"]["rpa_is"], entry["verdict"]["rpo"]) == ("doubtful", "not_shown")
    assert (entry["measured"]["rta_is"], entry["verdict"]["rto"]) == ("exact", "kept")


def test_a_heartbeat_from_the_future_is_no_proof_that_nothing_is_lost() -> None:
    events = [event for event in run(heartbeat=T + 3600) if event.get("machine") != "db1"]
    entry = report.compute(PLAN, events)["activities"][0]
    assert (entry["measured"]["rpa_is"], entry["verdict"]["rpo"]) == ("doubtful", "not_shown")
    assert any("had not come when it was found" in text for text in entry["why"])


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("options", [{}, {"seen": False}, {"usable": False}, {"killed": True}, {"lost_from": T - 30}])
def test_text_is_no_wider_than_a_page(language: str, options: dict[str, Any]) -> None:
    shown = text.render(report.compute(PLAN, run(**options)), language)
    assert max(text.columns(line) for line in shown.splitlines()) <= text.WIDTH
    assert ("Commandes" in shown) == (language == "fr")


def test_time_line_and_chain() -> None:
    found = report.compute(PLAN, run())
    assert [(part["part"], part["seconds"]) for part in found["timeline"]] == [
        ("detect", 20.0),
        ("declare", 1.0),
        ("recover", 27.0),
        ("switch", 1.0),
        ("verify", 10.0),
    ]
    assert [entry["unit"] for entry in found["critical_path"]] == [
        "system.db",
        "system.app",
        "switch.orders",
        "activity.orders",
    ]


def test_journal_is_read_back_without_the_line_that_a_kill_cut_off(tmp_path: Path) -> None:
    written = journal.Writer(tmp_path)
    recorder = journal.Recorder(written, frozenset({"system.db"}))
    recorder.play("A play", "recover")
    recorder.began("system.db", "1")
    recorder.ended("system.db", "1", "Recover", "failed", {"msg": "No.", "secret": "never", "invocation": {"x": 1}})
    recorder.note("A note.")
    recorder.close(2)
    with (tmp_path / journal.FILE).open("a") as stream:
        stream.write('{"t": 1, "ev')
    events = journal.read(tmp_path)
    assert [event["event"] for event in events] == ["phase", "task", "unit", "note", "run_ended"]
    assert "never" not in (tmp_path / journal.FILE).read_text()
    assert (tmp_path / "units/system.db").read_text() == "failed"
    schema = json.loads((SCHEMAS / "journal/v1.schema.json").read_text())
    for event in [*events, *run()]:
        jsonschema.validate(event, schema)
    (tmp_path / journal.FILE).write_text("nonsense\n{}\n")
    with pytest.raises(ValueError, match="line 1"):
        journal.read(tmp_path)
