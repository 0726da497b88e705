# SPDX-License-Identifier: Apache-2.0
"""Where the time went: the drawing, the chain of units that decided, and the same as a table."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from bascule_runtime.page.chart import MOST, Bar, Row, chart
from bascule_runtime.page.parts import activity_names, anchor, done, section, table, unit_name
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element

Report = Mapping[str, Any]
Stage = Mapping[str, Any]
# A time before the run that is longer than the run itself would leave no room for it in the drawing.
LONG_BEFORE = 1.0


def story(say: Speech, report: Report) -> list[Optional[Element]]:
    """The section, or nothing where no unit did anything."""
    if not report["stages"] and not report.get("timeline"):
        return []
    rows = [*_parts(say, report), *_units(say, report)]
    drawn = chart(say, rows, _marks(say, report), say.word("page.story"), say.word("page.chart_told")) if rows else None
    caption = element("figcaption", _legend(say, report), class_="quiet")
    return [section(say, "story", _chain(say, report), element("figure", drawn, caption),
                    _table(say, report), _parts_table(say, report))]


def _chain(say: Speech, report: Report) -> Optional[Element]:
    path = report.get("critical_path") or []
    if not path:
        return None
    names = activity_names(say, report)
    steps = [element("li", element("a", unit_name(say, step["unit"], names), href=f"#{anchor('events', step['unit'])}"),
                     " ", element("span", say.duration(step["seconds"]), class_="note")) for step in path]
    total = say.duration(sum(float(step["seconds"]) for step in path))
    told = say.counted("page.chain_told", len(path), time=element("strong", total))
    return element("div", element("p", told), element("ol", steps, class_="chain"))


def _parts(say: Speech, report: Report) -> list[Row]:
    parts, run = report.get("timeline") or [], report["run"]
    length = run["last_event"] - run["started"]
    # The others are what the units do.
    kept = [part for part in parts if part["part"] == "declare"
            or (part["part"] == "detect" and part["seconds"] <= LONG_BEFORE * length)]
    return [Row(f"part.{part['part']}", say.word(f"part.{part['part']}"), "#events-run",
                [Bar(say.word(part["part"]), "part", part["began"], part["began"] + part["seconds"])]) for part in kept]


def _ended(report: Report, stage: Stage) -> float:
    return float(report["run"]["last_event"] if stage["ended"] is None else stage["ended"])


def _by_unit(report: Report) -> dict[str, list[Stage]]:
    found: dict[str, list[Stage]] = {}
    for stage in report["stages"]:
        found.setdefault(stage["unit"], []).append(stage)
    return found


def _units(say: Speech, report: Report) -> list[Row]:
    names, path = activity_names(say, report), [step["unit"] for step in report.get("critical_path") or []]
    before = dict(zip(path[1:], path))
    rows = []
    for unit, stages in _by_unit(report).items():
        kind, _dot, subject = unit.partition(".")
        shown = names.get(subject, subject) if kind in ("activity", "switch") else subject
        bars = [Bar(_stage_name(say, stage), str(stage["stage"]), float(stage["began"]), _ended(report, stage))
                for stage in stages]
        rows.append(Row(unit, f"{say.word(f'kind.{kind}')} {shown}", f"#{anchor('events', unit)}", bars,
                        unit in path, before.get(unit)))
    longest = sorted(rows, key=lambda row: (not row.deciding, row.main.began - row.main.ended))
    return sorted(longest[:MOST], key=lambda row: (row.main.began, row.name))


def _stage_name(say: Speech, stage: Stage) -> str:
    key = f"stage.{stage['stage']}"
    if stage["stage"] == "serve":
        key = f"stage.serve_{stage['unit'].partition('.')[0]}"
    return say.word(key) if say.known(key) else str(stage["stage"])


def _marks(say: Speech, report: Report) -> dict[str, float]:
    return {f"{say.named(entry)}: {say.word('usable')}": float(entry["measured"]["usable_at"])
            for entry in report.get("activities", ()) if entry["measured"]["usable_at"]}


def _legend(say: Speech, report: Report) -> list[Node]:
    said: list[Node] = [say.word("page.legend")]
    if report.get("critical_path"):
        said += [" ", say.word("page.legend_chain")]
    if _marks(say, report):
        said += [" ", say.word("page.legend_marks")]
    hidden = len(_by_unit(report)) - MOST
    return [*said, " ", say.counted("page.legend_hidden", hidden)] if hidden > 0 else said


def _table(say: Speech, report: Report) -> Optional[Element]:
    """The text alternative of the drawing: every stage of every unit."""
    if not report["stages"]:
        return None
    names, path = activity_names(say, report), {step["unit"] for step in report.get("critical_path") or []}
    start = float(report["run"]["started"])
    rows: list[Sequence[Node]] = []
    for unit, stages in _by_unit(report).items():
        for stage in stages:
            link = element("a", unit_name(say, unit, names), href=f"#{anchor('events', unit)}",
                           id=anchor("span", unit) if stage is stages[0] else None)
            rows.append([[link, element("span", f" ◆ {say.word('page.decides')}", class_="note")
                          if unit in path and stage["stage"] == "serve" else None], _stage_name(say, stage),
                         f"+ {say.duration(max(0.0, float(stage['began']) - start))}",
                         say.duration(_ended(report, stage) - float(stage["began"])), _state(say, stage)])
    head = [say.word(key) for key in ("page.unit", "page.stage", "page.began", "page.took", "result")]
    return table(say.word("page.story_caption"), head, rows, class_="stack dense")


def _state(say: Speech, stage: Stage) -> Node:
    if stage["state"] is None:
        return say.word("page.open_stage")
    return done(say, str(stage["state"])) if say.known(str(stage["state"])) else data(stage["state"])


def _parts_table(say: Speech, report: Report) -> Optional[Element]:
    parts = report.get("timeline") or []
    if not parts:
        return None
    rows = [[say.word(part["part"]), say.moment(part["began"]), say.duration(part["seconds"])] for part in parts]
    return table(say.word("page.parts_caption"), [say.word("page.part"), say.word("page.began"), say.word("page.took")],
                 rows, class_="stack dense")
