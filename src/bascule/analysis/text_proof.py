# SPDX-License-Identifier: Apache-2.0
"""The copies of an analysis as text, held against 3-2-1-1-0, and every figure that was assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bascule.analysis.independence import WANTS
from bascule.analysis.phrases import money, paragraph, share, titled
from bascule.analysis.words import Say, known
from bascule_runtime.places import size
from bascule_runtime.text import duration, table

Report = Mapping[str, Any]


def copies(report: Report, say: Say) -> Iterator[str]:
    """Given an analysis, yield for each system that keeps data what holds of its copies and what is missing."""
    yield from titled("copies_rule", say)
    if not report["copies"]:
        yield from paragraph(say("nothing"))
        return
    rows = [[say("system"), *(say(want) for want in WANTS)]]
    for name, held in report["copies"].items():
        rows.append([name, *(say("missing" if want in held["rule"]["missing"] else "yes") for want in WANTS)])
    yield from table(rows)
    for name, held in report["copies"].items():
        rule = held["rule"]
        facts = {"machines": ", ".join(rule["machines"]), "technologies": ", ".join(rule["technologies"])}
        for want in rule["missing"]:
            yield from paragraph(say(f"lacks.{want}", system=name, **facts))
    found = [held["rehearsed"] for held in report["copies"].values() if held["rehearsed"]]
    if found:
        worst = min(found, key=lambda one: one["times_longer"])
        facts = {"after": duration(worst["found_after_s"]), "times": f"{worst['times_longer']:.0f}"}
        yield from paragraph(say("rehearsed", **facts))


_UNITS: dict[str, Callable[[float], str]] = {
    "s": duration,
    "B": size,
    "B/s": lambda value: f"{size(value)}/s",
    "B/d": lambda value: f"{size(value)}/d",
    "h": lambda value: f"{value:,.0f} h".replace(",", " "),
    "/y": lambda value: f"{value:g}/y",
}


def assumed(report: Report, say: Say) -> Iterator[str]:
    """Given an analysis, yield every figure that nobody declared, where it comes from, and what would replace it."""
    yield from titled("assumed", say)
    for one in report["assumed"]:
        what = say(f"is.{one['about']}", of=_step(one["of"], say) if one["about"] == "step" else one["of"])
        said = say("assumed_line", what=what, value=_value(one), source=say(f"from.{one['source']}"))
        key = one["declare"]
        yield from paragraph(say("then_also", one=said, other=say("declare_it", key=key)) if key else said)
    if not report["assumed"]:
        yield from paragraph(say("nothing"))


def _step(name: str, say: Say) -> str:
    return say(f"part.{name}") if known(f"part.{name}") else name


def _value(one: Mapping[str, Any]) -> str:
    if one["unit"] in _UNITS:
        return _UNITS[one["unit"]](one["value"])
    return share(one["value"]) if one["unit"] == "%" else f"{money(one['value'])} {one['unit']}".strip()
