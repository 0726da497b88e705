# SPDX-License-Identifier: Apache-2.0
"""The drift of a run: facts out of its journal, findings with the activities that they hit."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from bascule_runtime.drift import dates, host, sections
from bascule_runtime.drift.finding import KINDS, LEVELS, About, Facts, Found, told
from bascule_runtime.events import Event, Run
from bascule_runtime.scope import other
from bascule_runtime.text import labels

LONGEST_S = 30 * 86400.0  # where no risk says how long it lasts
LANGUAGES = ("en", "fr")
Pair = Tuple[About, Optional[Facts], Facts]


def look(run: Run) -> Event:
    """`{"compared": [...], "findings": [...]}`: see `drift` in `schemas/report`. Findings, worst first."""
    pairs = [pair for pair in (_pair(run, name) for name in run.scope("system")) if pair]
    merged: Dict[str, Event] = {}
    for about, code, facts, at in _all(run, pairs):
        words = {"source": about.source, "target": about.target, **facts}
        key = json.dumps([code, words], sort_keys=True, default=str)
        entry = merged.setdefault(key, {"code": code, "level": KINDS[code].level, "systems": [], "seen_at": at,
                                        "source": about.source, "target": about.target, "facts": facts})
        entry["systems"] = list(dict.fromkeys([*entry["systems"], *facts.get("systems", [about.id])]))
    found = [_finished(run, entry) for entry in merged.values()]
    return {"compared": [_compared(pair) for pair in pairs],
            "findings": sorted(found, key=lambda entry: LEVELS.index(entry["level"]))}


def breaking(drift: Event, scope: Any) -> List[str]:
    """For each activity of `scope` that an activation now would not bring back: why, as sentences in English."""
    return [f"{name}: {entry['says']['en']['what']} {entry['says']['en']['would']}" for name in scope
            for entry in drift["findings"] if entry["level"] == "breaks" and name in entry["activities"]]


def _pair(run: Run, name: str) -> Optional[Pair]:
    """What is known of both sides of a system; None when the machine that would take over told nothing."""
    system = run.plan["systems"][name]
    side = (run.facts.get("directions") or {}).get(f"system.{name}", "primary")
    told_by = {entry["facts"]["side"]: entry for entry in reversed([
        event["evidence"] for event in run.evidence(f"system.{name}", "status")]) if entry.get("facts")}
    away = told_by.get(other(side))
    if not away:
        return None
    here = told_by[side]["facts"] if side in told_by else away.get("kept")
    about = About(system, system["machines"][side], system["machines"][other(side)], run.started, longest_s(run.plan))
    return about, here or None, {**away["facts"], "fresh": side in told_by}


def longest_s(plan: Mapping[str, Any]) -> float:
    """How long the other side may have to serve, in seconds: the longest of the policy's risks."""
    risks = ((plan.get("firm") or {}).get("risks") or {}).values()
    return float(max((entry["lasts_s"] for entry in risks if entry.get("lasts_s")), default=LONGEST_S))


def _all(run: Run, pairs: List[Pair]) -> Iterator[Tuple[About, str, Dict[str, Any], Optional[float]]]:
    for about, here, there in pairs:
        at = None if there["fresh"] or not here else float(here["at"])
        found: List[Found] = list(sections.compare(here, there, about)) if here else [("never_seen", {})]
        found += host.clock(run.offsets().get(about.target, 0.0), about)
        found += dates.licences(_licences(run.plan, about.id), there.get("licences") or {}, about)
        yield from ((about, code, facts, at) for code, facts in found)
    for target in dict.fromkeys(about.target for about, _here, _there in pairs):
        ours = {about.id: (about, here, there) for about, here, there in pairs
                if about.target == target and here and there.get("room")}
        wants = {name: host.needed(here["room"], there["room"], about)
                 for name, (about, here, there) in ours.items() if here and "room" in here}
        for code, facts in host.room({name: there["room"] for name, (_a, _h, there) in ours.items()}, wants):
            yield ours[facts["systems"][0]][0], code, facts, None


def _licences(plan: Mapping[str, Any], system: str) -> List[Mapping[str, Any]]:
    declared = ((plan.get("firm") or {}).get("licences") or {}).values()
    return [entry for entry in declared if system in entry["of"]]


def _finished(run: Run, entry: Event) -> Event:
    words = {"source": entry["source"], "target": entry["target"], **entry["facts"], "systems": entry["systems"]}
    return {**entry, "says": {language: told(entry["code"], words, labels(language)) for language in LANGUAGES},
            "activities": [name for name in run.scope("activity")
                           if set(run.plan["activities"][name]["systems"]) & set(entry["systems"])]}


def _compared(pair: Pair) -> Event:
    about, here, there = pair
    return {"system": about.id, "source": about.source, "target": about.target,
            "at": float(here["at"]) if here else None, "kept": bool(here) and not there["fresh"]}
