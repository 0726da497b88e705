# SPDX-License-Identifier: Apache-2.0
"""What a run did not verify, so that nobody reads more into its report than was seen.

Each entry is `{"code", "about", "why", …figures}`: `about` is an activity, system, unit or machine (or empty), `why` a
sentence of the run itself, if there is one. The glossary has a sentence for each code, as `doubt.CODE`.
"""

from __future__ import annotations

from typing import Iterator

from bascule_runtime import scope, standing, words
from bascule_runtime.events import Event, Run

# Words of a unit that were not earned by looking.
UNSEEN = ("skipped", "simulated", "blocked", "unreachable")


def doubts(run: Run, report: Event) -> list[Event]:
    """All of them for a run, from its journal and the rest of its report."""
    found = [*_whole(run), *_machines(run), *_units(run), *_clocks(run)]
    for entry in report.get("activities", ()):
        found += [*_time(run, entry), *_loss(run, entry), *_records(entry), *_level(entry)]
    found += [*_points(report), *_tests(run, report), *_cloud(report)]
    return found


def _doubt(code: str, about: str = "", why: str = "", **figures: object) -> Event:
    return {"code": code, "about": about, "why": why, **figures}


def _whole(run: Run) -> Iterator[Event]:
    if run.ended is None:
        yield _doubt("not_ended")
    if run.check:
        yield _doubt("simulated_run")
    if run.facts and not run.plan.get("observers") and run.driver in ("activate", "failback"):
        yield _doubt("no_observers")


def _machines(run: Run) -> Iterator[Event]:
    untouched = set(run.facts.get("untouched") or ())
    away = scope.other(str(run.facts.get("direction") or "standby"))
    for name, answers in (run.facts.get("reachable") or {}).items():
        if name in untouched:
            yield _doubt("untouched", name)
        elif name in (run.facts.get("absent") or ()):
            yield _doubt("absent", name)
        elif not answers:
            left = run.driver == "activate" and run.plan["machines"].get(name, {}).get("site") == away
            yield _doubt("silent_left" if left else "silent", name)


def _units(run: Run) -> Iterator[Event]:
    if run.driver not in ("activate", "failback"):
        return
    inside = (run.facts.get("scope") or {}).get("units") or ()
    for unit in run.plan["units"]:
        if unit["id"] not in inside:
            yield _doubt("not_in_scope", unit["id"])
            continue
        word = run.word(unit["id"])
        if word in UNSEEN:
            yield _doubt(f"unit_{word}", unit["id"], run.why(unit["id"]))
        elif word == "asked":
            yield _doubt("unit_asked", unit["id"])


def _clocks(run: Run) -> Iterator[Event]:
    offsets = run.offsets()
    for name, answers in (run.facts.get("reachable") or {}).items():
        if answers and name not in offsets and name not in (run.facts.get("untouched") or ()):
            yield _doubt("clock", name)


def _time(run: Run, entry: Event) -> Iterator[Event]:
    measured = entry["measured"]
    if run.check or not words.passed(entry["word"], "data_correct"):
        return
    if measured["rta_s"] is None:
        yield _doubt("not_asked", entry["id"], entry["why"][0] if entry["why"] else "")
    elif measured["rta_is"] == "at_least":
        yield _doubt("time_at_least", entry["id"])
    elif measured["disruption_from"] == "since":
        yield _doubt("said_since", entry["id"])


def _loss(run: Run, entry: Event) -> Iterator[Event]:
    measured = entry["measured"]
    if run.check or not words.passed(entry["word"], "data_correct"):
        return
    keeps = any(run.plan["systems"][name].get("protections") for name in run.plan["activities"][entry["id"]]["systems"])
    if measured["rpa_s"] is None and keeps:
        yield _doubt("loss_unknown", entry["id"], "; ".join(entry["why"]))
    elif measured["rpa_is"] == "at_most":
        yield _doubt("loss_at_most", entry["id"])


def _records(entry: Event) -> Iterator[Event]:
    kept = entry["acknowledged"]
    if not words.passed(entry["word"]):
        return
    if not kept["asked"]:
        yield _doubt("no_records", entry["id"], kept.get("reason") or "")
    elif kept["held"] is None:
        yield _doubt("records_unknown", entry["id"], kept.get("reason") or "")


def _level(entry: Event) -> Iterator[Event]:
    if (entry["need"] or {}).get("mbco") is not None:
        yield _doubt("level", entry["id"], mbco=entry["need"]["mbco"])


def _points(report: Event) -> Iterator[Event]:
    for entry in report.get("systems", ()):
        if entry["points"] and not entry["points"][0].get("verified"):
            yield _doubt("point_unverified", entry["id"])


def _cloud(report: Event) -> Iterator[Event]:
    told = report.get("cloud") or {}
    doubles = [action["provider"] for action in told.get("actions", ()) if action["simulated"]]
    if doubles:
        yield _doubt("cloud_simulated", "", doubles[0])
    if (told.get("account") or {}).get("simulated"):
        yield _doubt("account_simulated")
    if any(action["action"] == "saved" for action in told.get("actions", ())):
        yield _doubt("cloud_saved")


def _tests(run: Run, report: Event) -> Iterator[Event]:
    if run.driver != "verify" or not run.facts:
        return
    counts = standing.verified(run)
    if not counts["tests"]:
        yield _doubt("no_tests")
    elif counts["skipped"]:
        yield _doubt("tests_skipped", tests=counts["skipped"])
