# SPDX-License-Identifier: Apache-2.0
"""Which figures of a run rest on clocks that differ by more than the figure, and what is said of them.

A figure is later - earlier, each read from some machine's clock. With offsets against the controller's clock it is
false by offset(later) - offset(earlier); take that away and it is put right. It is doubtful when that error is larger
than the figure, as measured or as put right, and larger than `FLOOR_S`.
"""

from __future__ import annotations

from typing import Mapping, Optional

from bascule_runtime.events import Event, Run
from bascule_runtime.text import CLOCK_FLOOR_S as FLOOR_S
from bascule_runtime.text import duration

DOUBTFUL = "doubtful"


def judge(run: Run, activity: Event, figures: Event, at: Optional[float], source: Optional[str],
          beats: Mapping[str, float]) -> list[str]:
    """Sentences on clocks; figures that they make doubtful are marked so in `figures`.

    `at`, `source`: the disruption in epoch seconds and whose word that is; `beats`: the heartbeat found, by system.
    """
    offsets = run.offsets()
    observer = _asker(run, activity)
    begin_off = offsets.get(observer, 0.0) if source == "observer" else 0.0
    sentences = _time(figures, observer, offsets.get(observer, 0.0) - begin_off)
    left = "primary" if run.facts.get("direction") == "standby" else "standby"
    for name in activity["systems"]:
        system = run.plan["systems"][name]
        machine = system["machines"].get(left)
        if system.get("protections") and machine is not None and figures["rpa_s"] is not None:
            begin = at if at is not None else run.started
            sentences += _loss(run, figures, name, machine, begin_off, begin - beats[name] if name in beats else None)
    return sentences


def _asker(run: Run, activity: Event) -> str:
    """The machine from which the activity was asked."""
    asked = next(run.evidence(f"activity.{activity['id']}", "ask"), {})
    observers = [str(entry["machine"]) for entry in run.plan.get("observers", {}).values()]
    return str(asked.get("machine") or next(iter(observers), ""))


def _doubtful(figure_s: float, error_s: float) -> bool:
    return abs(error_s) > max(FLOOR_S, min(max(0.0, figure_s), max(0.0, figure_s - error_s)))


def _time(figures: Event, observer: str, error_s: float) -> list[str]:
    if figures["rta_s"] is None or not _doubtful(figures["rta_s"], error_s):
        return []
    figures["rta_is"] = DOUBTFUL
    right = duration(max(0.0, figures["rta_s"] - error_s))
    return [f"The clock of {observer} is off by {error_s:+.1f} s, so the time measured is doubtful; put right, it is "
            f"{right}."]


def _loss(run: Run, figures: Event, name: str, machine: str, begin_off: float, loss_s: Optional[float]) -> list[str]:
    offset = run.offsets().get(machine)
    if offset is None:
        ahead = _ahead(run, name)
        if ahead <= FLOOR_S:
            return [f"The clock of {machine}, which wrote the heartbeat of {name}, was not seen in this run."]
        figures["rpa_is"] = DOUBTFUL
        return [f"The heartbeat of {name} is of a time that had not come when it was found: the clock of {machine} was "
                f"ahead by at least {duration(ahead)}, and what was lost cannot be told from it."]
    error = begin_off - offset
    if loss_s is None or not _doubtful(loss_s, error):
        return []
    figures["rpa_is"] = DOUBTFUL
    whose, off = (machine, offset) if abs(offset) > FLOOR_S else ("the observer", begin_off)
    right = duration(max(0.0, loss_s - error))
    return [f"The clock of {whose} is off by {off:+.1f} s, so the loss measured for {name} is doubtful; put right, it "
            f"is {right}."]


def _ahead(run: Run, system: str) -> float:
    """By how many seconds the heartbeat that was found lies after the moment at which it was found."""
    event = next(run.evidence(f"system.{system}", "recover"), None)
    beat = ((event or {}).get("evidence") or {}).get("heartbeat_at")
    return float(beat) - float(event["t"]) if event and beat else 0.0
