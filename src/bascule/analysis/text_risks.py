# SPDX-License-Identifier: Apache-2.0
"""The risks of an analysis as text: what each stops, for how long, what is lost, what it costs, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from bascule.analysis.outcome import GOES_ON, STOPPED
from bascule.analysis.phrases import money, node, paragraph, titled
from bascule.analysis.words import Say, known
from bascule_runtime.text import duration, table

Report = Mapping[str, Any]
_PARTS_SHOWN = 4


def risks(report: Report, say: Say) -> Iterator[str]:
    """Given an analysis, yield what its risks mean."""
    yield from titled("risks", say)
    rows = [[say(word) for word in ("risk", "mode", "activity", "then", "stopped_for", "lost", "costs", "expected")]]
    for name, risk in report["risks"].items():
        rows += _rows(name, risk, say)
    yield from table(rows)
    told: set[tuple[str, float]] = set()
    for name, risk in report["risks"].items():
        yield from _told(name, risk, told, say)
    days = report["standby"]["active_days_per_year"]
    if days:
        yield from paragraph(say("standby_days", days=f"{days:g}"))


def _rows(name: str, risk: Mapping[str, Any], say: Say) -> list[list[str]]:
    rows = []
    expected, mode = money(risk["expected_per_year"]), say(f"mode.{risk['mode']}")
    hit = {id_: met for id_, met in risk["activities"].items() if met["word"] != GOES_ON}
    for id_, met in hit.items():
        lost = duration(met["lost"]["seconds"]) if met["lost"] else say("nothing")
        lost = say("everything") if met["unsaved"] else lost
        kept = met["kept"]
        lasts = _against(duration(met["lasts_s"]), kept["rto"], say)
        rows.append([name, mode, id_, say(met["word"]), lasts, _against(lost, kept["rpo"], say), money(met["amount"])])
        rows[-1].append(expected if len(rows) == 1 else "")
    return rows or [[name, mode, "–", say(GOES_ON), "–", "–", "–", expected]]


def _against(value: str, kept: bool, say: Say) -> str:
    return value if kept else say("too_much", value=value)


def _told(name: str, risk: Mapping[str, Any], told: set[tuple[str, float]], say: Say) -> Iterator[str]:
    if risk["touches_nothing"]:
        yield from paragraph(say("touches_nothing", risk=name))
    useless: dict[str, list[str]] = {}
    for left in risk["copies"].values():
        for copy in left:
            if copy["why"]:
                useless.setdefault(copy["why"], []).append(node(copy["id"], say))
    for why, ids in useless.items():
        yield from paragraph(say("copy_lost", risk=name, copy=", ".join(ids), why=say(f"why.{why}")))
    for id_, met in risk["activities"].items():
        yield from _activity(name, id_, met, told, say)


def _activity(name: str, id_: str, met: Mapping[str, Any], told: set[tuple[str, float]], say: Say) -> Iterator[str]:
    if met["word"] == STOPPED:
        things = ", ".join(node(one, say) for one in met["because"])
        yield from paragraph(say("because", risk=name, activity=id_, things=things))
    if met["unsaved"]:
        yield from paragraph(say("unsaved", risk=name, systems=", ".join(met["unsaved"])))
    if not met["parts"] or (id_, met["lasts_s"]) in told:
        return
    # What a recovery takes is told once, and again where it differs.
    told.add((id_, met["lasts_s"]))
    largest = sorted(met["parts"], key=lambda part: -part["seconds"])[:_PARTS_SHOWN]
    said = [_takes(part, say) for part in largest]
    rest_s = met["lasts_s"] - sum(part["seconds"] for part in largest)
    said += [say("other_parts", seconds=duration(rest_s))] if rest_s >= 1 else []
    parts = reduce(lambda one, other: say("then_also", one=one, other=other), said)
    yield from paragraph(say("parts", risk=name, activity=id_, total=duration(met["lasts_s"]), parts=parts))
    if met["lost"]:
        lost = met["lost"]
        facts = {"system": lost["system"], "copy": node(lost["copy"], say), "age": duration(lost["seconds"])}
        yield from paragraph(say("taken_from", risk=name, activity=id_, **facts))


def _takes(part: Mapping[str, Any], say: Say) -> str:
    of, _, name = part["name"].rpartition(": ")
    step = say(f"part.{name}") if known(f"part.{name}") else name
    called = say("part_of", step=step, of=of) if of else step
    return say("part_takes", part=called, seconds=duration(part["seconds"]), source=say(part["source"]))
