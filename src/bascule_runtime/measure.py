# SPDX-License-Identifier: Apache-2.0
"""RTO and RPO as a run showed them, for each activity: `rta` and `rpa`, beside need, target and prediction.

rta = first usable answer - disruption; rpa = disruption - newest heartbeat found after recovery, the worst system's.
The disruption is the last good answer that an observer got, else `since`. With neither, the run's start stands in for
it: `rta` is then at least, and `rpa` at most, what is printed.
"""

from __future__ import annotations

from typing import Optional

from bascule_runtime import clocks, words
from bascule_runtime.events import Event, Run

KEPT, MISSED, NOT_SHOWN = "kept", "missed", "not_shown"


def activities(run: Run) -> list[Event]:
    """One entry for each activity in scope: see `schemas/report/v1.schema.json`."""
    return [_activity(run, name) for name in run.scope("activity")]


def _activity(run: Run, name: str) -> Event:
    activity, unit = run.plan["activities"][name], f"activity.{name}"
    asked = run.found(unit, "ask")
    answer, seen = asked.get("answer") or {}, asked.get("outage") or {}
    kept = asked.get("acknowledged") or {"asked": 0, "held": None, "lost": None, "lost_from": None, "reason": ""}
    word = _word(run, name, answer)
    at, source = disruption(run, seen)
    usable_at = float(answer["at"]) if word == "usable" else None
    figures, beats, why = _figures(run, activity, at, usable_at, kept)
    why += clocks.judge(run, activity, figures, at, source, beats)
    predicted = activity.get("predicted") or {}
    return {
        "id": name, "name": activity["name"], "owner": activity.get("owner"), "word": word,
        "need": activity.get("need") or {}, "target": activity.get("target") or {},
        "predicted": {"rto_s": (predicted.get("rto") or {}).get("seconds"),
                      "rpo_s": (predicted.get("rpo") or {}).get("seconds")},
        "measured": {"disruption_at": at, "disruption_from": source, "usable_at": usable_at, **figures},
        "outage": _outage(seen), "acknowledged": kept, "verdict": _verdicts(run, activity, figures, at, word),
        "who": answer.get("who") or "", "why": [text for text in (run.why(unit), *run.causes(unit), *why) if text],
    }


def _word(run: Run, name: str, answer: Event) -> str:
    """The strongest word that was observed for an activity."""
    unit = f"activity.{name}"
    if answer.get("usable"):
        return "usable"
    own = run.word(unit)
    if own in words.NOT_PASSED and run.reason(unit) != "no-observer":
        return own
    systems = [run.word(f"system.{system}") for system in run.plan["activities"][name]["systems"]]
    ended = all(run.state(f"system.{system}") == "done" for system in run.plan["activities"][name]["systems"])
    weakest = words.weakest(systems)
    if weakest in words.NOT_PASSED:
        return weakest
    return words.capped(weakest, "data_correct") if ended else "asked"


def disruption(run: Run, seen: Event) -> tuple[Optional[float], Optional[str]]:
    """When an activity was disrupted, and who says so: `observer` (what `seen` has of it), `since`, or nobody."""
    if seen.get("seen") and seen.get("last_good"):
        return float(seen["last_good"]), "observer"
    since = run.facts.get("since")
    return (float(since), "since") if since else (None, None)


def _outage(seen: Event) -> Optional[Event]:
    if not seen.get("seen"):
        return None
    begin, end = seen.get("last_good"), seen.get("first_good")
    return {"last_good": begin, "first_good": end, "seconds": round(end - begin, 1) if begin and end else None}


def _figures(run: Run, activity: Event, at: Optional[float], usable_at: Optional[float], kept: Event
             ) -> tuple[Event, dict[str, float], list[str]]:
    """`rta_s`, `rpa_s` with what kind of bound they are and the system that lost most; the heartbeats that they rest
    on, by system; and what could not be shown."""
    begin = at if at is not None else run.started
    figures: Event = {"rta_s": None, "rta_is": None, "rpa_s": None, "rpa_is": None, "rpa_of": None}
    if usable_at is not None:
        figures.update(rta_s=round(usable_at - begin, 1), rta_is="exact" if at is not None else "at_least")
    losses, beats, why, exact = [], dict[str, float](), [], at is not None
    for name in activity["systems"]:
        if not run.plan["systems"][name].get("protections"):
            continue
        moment, is_heartbeat, reason = recovered_to(run, name, begin)
        exact = exact and is_heartbeat
        if moment is None:
            why.append(f"{name}: {reason}")
        else:
            losses.append((max(0.0, begin - moment), name))
            beats.update({name: moment} if is_heartbeat else {})
    if kept.get("lost_from"):
        losses.append((max(0.0, begin - float(kept["lost_from"])), "records"))
    if losses and not why:
        seconds, name = max(losses)
        figures.update(rpa_s=round(seconds, 1), rpa_is="exact" if exact else "at_most", rpa_of=name)
    return figures, beats, why


def recovered_to(run: Run, system: str, begin: float) -> tuple[Optional[float], bool, str]:
    """The moment that the data of a system is from, whether a heartbeat says so, and why it is not known."""
    found = run.found(f"system.{system}", "recover")
    if not found:
        return None, False, "it was not recovered"
    # What serves already beats already: only a heartbeat from before the disruption tells what was lost.
    if found.get("strategy") == "already" and float(found.get("heartbeat_at") or begin) >= begin:
        return None, False, "it was recovered by an earlier run; what was lost is in that run's report"
    if found.get("heartbeat_at"):
        return float(found["heartbeat_at"]), True, ""
    point = (found.get("point") or {}).get("at")
    if point:
        return float(point), False, ""
    return None, False, "no heartbeat was found in what was recovered"


def _verdicts(run: Run, activity: Event, figures: Event, at: Optional[float], word: str) -> dict[str, str]:
    target, need = activity.get("target") or {}, activity.get("need") or {}
    waited = run.last - (at if at is not None else run.started)

    def time_kept(limit: Optional[float]) -> str:
        if limit is None or run.check:
            return NOT_SHOWN
        if figures["rta_is"] == clocks.DOUBTFUL:
            return NOT_SHOWN
        if figures["rta_s"] is None:
            return MISSED if waited > limit else NOT_SHOWN
        if figures["rta_s"] > limit:
            return MISSED
        return KEPT if figures["rta_is"] == "exact" else NOT_SHOWN

    def data_kept(limit: Optional[float]) -> str:
        if limit is None or run.check or word in ("failed", "blocked", "unreachable"):
            return NOT_SHOWN
        if not any(run.plan["systems"][name].get("protections") for name in activity["systems"]):
            return KEPT if word == "usable" else NOT_SHOWN
        if figures["rpa_s"] is None or figures["rpa_is"] == clocks.DOUBTFUL:
            return NOT_SHOWN
        if figures["rpa_s"] <= limit:
            return KEPT
        return MISSED if figures["rpa_is"] == "exact" else NOT_SHOWN

    return {"rto": time_kept(target.get("rto_s")), "rpo": data_kept(target.get("rpo_s")),
            "mtpd": time_kept(need.get("mtpd_s")), "pdma": data_kept(need.get("pdma_s"))}

