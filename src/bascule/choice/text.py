# SPDX-License-Identifier: Apache-2.0
"""Options and choice as text for people, in French or English: the answer first, the table of ways for one activity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bascule.analysis.phrases import money, paragraph, titled
from bascule.analysis.text_proof import assumed
from bascule.analysis.words import Say, known, speaker
from bascule_runtime.text import duration, named, table

Report = Mapping[str, Any]
_PARTS_SHOWN = 5
# Below this the answer is proven; what the solver returns is a sum of rounded numbers.
_PROVEN = 1e-6
# Amounts that nobody would tell apart.
_NOTHING = 0.5


def render(report: Report, language: str | None = None) -> str:
    """Given options, return them as text in `fr` or `en`, by default in the language of the policy."""
    language = language or report["policy"]["language"]
    say = speaker(language)
    lines = [say("options.title", name=named(report["policy"], language), currency=report["policy"]["currency"])]
    lines += _stuck(report, say)
    answers = {name: activity for name, activity in report["activities"].items() if activity["asked"]}
    for name, activity in answers.items():
        lines += _answer(report, name, activity, say)
    if report["choice"] and not answers:
        lines += ["", *paragraph(say("options.ask_one"))]
    lines += _choice(report, say)
    if len(report["activities"]) == 1:
        lines += _ways(report, say)
    lines += assumed(report, say)
    return "\n".join(lines) + "\n"


def _answer(report: Report, name: str, activity: Mapping[str, Any], say: Say) -> Iterator[str]:
    yield from ["", say("title_of", title=name)]
    for line in answered(report, name, activity, say):
        yield from paragraph(line)


def answered(report: Report, name: str, activity: Mapping[str, Any], say: Say) -> Iterator[str]:
    """Given a report and an activity of it, yield the answer in sentences: what three recovery times cost, which one
    should be chosen and why, what would change that.
    """
    for one in activity["asked"]:
        yield _asked(report, one, activity, say)
    chosen = activity["chosen"]
    if not chosen:
        return
    ways = _named(chosen_ways(report, activity), say)
    facts = {"lasts": duration(chosen["lasts_s"]), "outlay": _yearly(report, chosen["outlay"]), "ways": ways}
    yield say("options.choose", **facts, because=_because(activity, say))
    if chosen["break_even"] is not None:
        yield say("options.break_even", hour=money(chosen["break_even"]))
    if chosen["relaxed"]:
        saved = {"to": duration(chosen["relaxed"]["to_s"]), "saves": money(chosen["relaxed"]["saves"])}
        yield say("options.relaxed", rto=duration(activity["target"]["rto_s"]), **saved)
    if chosen["without_promise_saves"] > _NOTHING:
        word = "options.not_worth" if activity["hour"] else "options.unpriced"
        yield say(word, saves=money(chosen["without_promise_saves"]), ways=_named(chosen["without_promise"], say))


def chosen_ways(report: Report, activity: Mapping[str, Any]) -> Mapping[str, str]:
    """Given a report and an activity of it, return the ways that were chosen for its systems."""
    systems = activity["asked"][-1]["systems"] or (activity["points"][0]["systems"] if activity["points"] else {})
    return {name: report["choice"]["systems"][name] for name in systems} if report["choice"] else {}


def _yearly(report: Report, amount: float) -> str:
    return f"{money(amount)} {report['policy']['currency']}"


def _asked(report: Report, one: Mapping[str, Any], activity: Mapping[str, Any], say: Say) -> str:
    within = say(f"options.within.{int(one['within_s'])}")
    if one["outlay"] is None:
        return say("options.cannot", within=within)
    quicker = [
        other for other in activity["asked"] if other["within_s"] < one["within_s"] and other["outlay"] == one["outlay"]
    ]
    word = "options.no_cheaper" if quicker else "options.costs"
    return say(
        word,
        within=within,
        outlay=_yearly(report, one["outlay"]),
        lasts=duration(one["lasts_s"]),
        ways=_named(one["systems"], say),
    )


def _because(activity: Mapping[str, Any], say: Say) -> str:
    facts = {"rto": duration(activity["target"]["rto_s"]), "hour": money(activity["hour"])}
    if activity["hour"] is None:
        return say("options.because_promised", **facts)
    worth = activity["chosen"]["without_promise_saves"] <= _NOTHING
    return say("options.because_worth" if worth else "options.because_both", **facts)


def _named(ways: Mapping[str, str], say: Say) -> str:
    return ", ".join(f"{name} {say(f'way.{way}')}" for name, way in ways.items())


def _choice(report: Report, say: Say) -> Iterator[str]:
    choice, second = report["choice"], report["second"]
    yield from titled("options.all", say)
    if not choice:
        return
    proven = say("options.proven" if choice["gap"] < _PROVEN else "options.gap", gap=f"{choice['gap'] * 100:.2g} %")
    facts = {"outlay": money(choice["outlay"]), "expected": money(choice["expected"]), "proven": proven}
    yield from paragraph(say("options.total", **facts))
    for name, cost in choice["items"].items():
        if cost:
            kind, _, id_ = name.partition(":")
            yield from paragraph(say("options.item", item=say(f"item.{kind}", id=id_), cost=money(cost)), "    ")
    if second:
        yield from paragraph(say("options.second", ways=_named(second["differs"], say), more=money(second["more"])))
    for name, risks in report["helpless"].items():
        yield from paragraph(say("options.helpless", activity=name, risks=", ".join(risks)))
    if report["missing"]:
        items = ", ".join(say(f"cost.{what}") for what in report["missing"])
        yield from paragraph(say("options.missing", items=items))


def _stuck(report: Report, say: Say) -> Iterator[str]:
    if not report["stuck"]:
        return
    yield from titled("options.stuck", say)
    for promise in report["stuck"]:
        yield from paragraph(say(f"options.stuck.{promise['kind']}", of=promise["of"]))
    for way in report["ways_out"]:
        weaker = [
            _weaker(report, promise, to, say) for promise, to in zip(way["promises"], way["becomes"], strict=True)
        ]
        amounts = {"outlay": way["outlay"], "expected": way["total"] - way["outlay"]}
        facts = {word: _yearly(report, amount) for word, amount in amounts.items()}
        yield from paragraph(say("options.out", weaker=", ".join(weaker), **facts))


def _weaker(report: Report, promise: Mapping[str, Any], becomes: float, say: Say) -> str:
    said = _yearly(report, becomes) if promise["kind"] == "budget" else duration(becomes)
    return say(f"options.out.{promise['kind']}", of=promise["of"], becomes=said)


def _ways(report: Report, say: Say) -> Iterator[str]:
    for name, ways in report["systems"].items():
        yield from ["", say("title_of", title=say("options.ways_of", system=name))]
        rows = [
            [
                say(word)
                for word in ("options.way", "options.a_year", "options.a_day", "rto", "rpo", "options.not_against")
            ]
        ]
        for way in ways:
            mark = " *" if way["by_hand"] else ""
            label = f"{'→ ' if way['chosen'] else '  '}{way['way']}{mark}"
            against = ", ".join(way["not_against"]) or "–"
            a_day = money(way["per_active_day"]) if way["per_active_day"] else "–"
            rows.append([label, money(way["outlay"]), a_day, _seconds(way["rto_s"]), _seconds(way["rpo_s"]), against])
        yield from table(rows)
        for way in ways:
            if way["parts"]:
                parts = sorted(way["parts"], key=lambda part: -part["seconds"])[:_PARTS_SHOWN]
                said = ", ".join(_part(part, say) for part in parts)
                called = f"{way['way']} ({say('way.' + way['way'])})"
                yield from paragraph(say("options.made_of", way=called, parts=said))
    if any(way["by_hand"] for ways in report["systems"].values() for way in ways):
        yield from paragraph(say("options.by_hand"))


def _part(part: Mapping[str, Any], say: Say) -> str:
    word = f"part.{part['name']}"
    step = say(word) if known(word) else part["name"]
    return say("part_takes", part=step, seconds=duration(part["seconds"]), source=say(part["source"]))


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else duration(seconds)
