# SPDX-License-Identifier: Apache-2.0
"""An analysis as text for people, at most 100 columns wide, in French or English."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bascule.analysis import text_proof, text_risks
from bascule.analysis.phrases import listed, money, node, paragraph, share, titled
from bascule.analysis.rectangles import rectangles
from bascule.analysis.words import Say, speaker
from bascule_runtime.text import duration, named, table

Report = Mapping[str, Any]
# Of the durations that the report holds, those that have a column: an hour, half a working day, a day, three, a week.
COLUMNS_S = (3600, 14400, 86400, 259200, 604800)
_TRIPLES_SHOWN = 4


def render(report: Report, language: str | None = None) -> str:
    """Given an analysis, return it as text in `fr` or `en`, by default in the language of the policy."""
    language = language or report["policy"]["language"]
    say = speaker(language)
    name = named(report["policy"], language)
    lines = [say("title", name=name, currency=report["policy"]["currency"])]
    for part in PARTS:
        lines += part(report, say)
    return "\n".join(lines) + "\n"


def _stops(report: Report, say: Say) -> Iterator[str]:
    yield from titled("stop", say)
    rows = [[say("activity"), say("worst_from"), *(duration(seconds) for seconds in COLUMNS_S)]]
    beyond = False
    for name, activity in report["activities"].items():
        at = {stop["lasts_s"]: stop for stop in activity["stops"]}
        shown = [at[seconds] for seconds in COLUMNS_S]
        beyond = beyond or any(stop["beyond"] for stop in shown)
        cells = [money(stop["amount"]) + ("*" if stop["beyond"] else "") for stop in shown]
        rows.append([name, at[14400]["start"] if activity["hours"] else "–", *cells])
    yield from table(rows)
    if beyond:
        yield from paragraph(say("beyond"))
    for name, activity in report["activities"].items():
        yield from paragraph(_bearable(name, activity["need"]["mtpd"], say))
        yield from _levels(activity["points"], say)
        yield from _fallback(name, activity, say)


def _bearable(name: str, mtpd: Mapping[str, Any], say: Say) -> str:
    derived_s = mtpd["derived_s"]
    word = "mtpd_derived" if mtpd["source"] == "derived" else "mtpd_declared"
    if mtpd["source"] == "declared" and derived_s is not None:
        word = "mtpd_agrees" if derived_s == mtpd["seconds"] else "mtpd_stricter"
    category = say(f"category.{mtpd['derived_for']}") if mtpd["derived_for"] else ""
    facts = {"seconds": duration(mtpd["seconds"]), "derived": duration(derived_s), "category": category}
    return say(word, activity=name, mtpd=say("mtpd"), **facts)


def _levels(points: Sequence[Mapping[str, Any]], say: Say) -> Iterator[str]:
    for point in points:
        if point["levels"]:
            said = ", ".join(
                f"{say(f'category.{key}')} {say(f'level.{level}')}" for key, level in point["levels"].items()
            )
            yield from paragraph(say("levels_at", after=duration(point["after_s"]), levels=said))


def _fallback(name: str, activity: Mapping[str, Any], say: Say) -> Iterator[str]:
    fallback, mbco = activity["fallback"], activity["need"]["mbco"]
    if fallback:
        at_most = say("without_end") if fallback["at_most_s"] is None else duration(fallback["at_most_s"])
        word = "fallback_enough" if fallback["keeps_minimum"] else "fallback_short"
        facts = {"capacity": share(fallback["capacity"]), "at_most": at_most, "mbco": share(mbco or 0)}
        yield from paragraph(say(word, activity=name, **facts))


def _recovery(report: Report, say: Say) -> Iterator[str]:
    yield from titled("recovery", say)
    rows = [[say("activity"), say("rto"), say("ready_after"), say("spare"), say("chain")]]
    for name, activity in report["activities"].items():
        found = activity["recovery"]
        slack = found["slack_s"]
        spare = duration(slack) if slack >= 0 else f"−{duration(-slack)}"
        chain = " → ".join(node(one, say, side=False) for one in found["chain"][1:4])
        rows.append([name, duration(found["due_s"]), duration(found["ready_s"]), spare, chain])
    yield from table(rows)


def _baskets(report: Report, say: Say) -> Iterator[str]:
    yield from titled("basket", say)
    rows = [[say("thing"), say("kind"), say("by"), say("imposed_by"), say("without")]]
    told = []
    for basket in report["baskets"]:
        egg, without_s = basket["eggs"][0], basket["without_s"]
        without = say("nothing_else") if without_s is None else duration(without_s)
        imposed = node(egg["id"], say, side=False)
        kind = say(f"kind.{basket['kind']}")
        rows.append([_basket(basket["id"], say), kind, duration(basket["by_s"]), imposed, without])
        # A minute is not worth moving an egg for.
        if basket["kind"] != "site" and (basket["gained_s"] or 0) > 60:
            chain = " → ".join(node(one, say, side=False) for one in basket["chain"])
            gained, name = duration(basket["gained_s"]), node(basket["id"], say)
            told += paragraph(say("egg", egg=imposed, basket=name, gained=gained, chain=chain))
    yield from [*table(rows), *told]


def _basket(id_: str, say: Say) -> str:
    # Its kind stands beside it; a bucket has the name of its site.
    kind, _, name = id_.partition(":")
    return node(id_, say) if kind == "bucket" else name


def _cuts(report: Report, say: Say) -> Iterator[str]:
    yield from titled("cuts", say)
    for name, activity in report["activities"].items():
        sets = activity["cut_sets"]
        pairs, triples = ([one for one in sets if len(one) == size] for size in (2, 3))
        single = [node(one, say) for one in activity["single_points"]]
        facts = {"activity": name, "things": ", ".join(single), "pairs": len(pairs), "triples": len(triples)}
        yield from paragraph(say("single" if single else "single_none", **facts))
        for left, right in rectangles([(one[0], one[1]) for one in pairs]):
            yield from paragraph(say("pairs", left=_one_of(left, say), right=_one_of(right, say)), "    ")
        if triples:
            shown = ["{" + ", ".join(node(one, say) for one in three) + "}" for three in triples[:_TRIPLES_SHOWN]]
            yield from paragraph(say("triples", sets=listed(shown, len(triples), say)), "    ")
        if activity["complete_to"] < 3:
            yield from paragraph(say("complete_to", activity=name, size=activity["complete_to"]), "    ")


def _one_of(things: Sequence[str], say: Say) -> str:
    said = [node(one, say) for one in things]
    return said[0] if len(said) == 1 else say("one_of", things=", ".join(said))


def _fate(report: Report, say: Say) -> Iterator[str]:
    yield from titled("fate", say)
    for one in report["shared_fate"]:
        facts = {"kind": say(f"kind.{one['kind']}"), "id": one["id"], "stops": ", ".join(one["stops"])}
        if one["alone"]:
            alone = ", ".join(node(name, say) for name in one["alone"])
            yield from paragraph(say("fate_alone", alone=alone, **facts))
        else:
            members = ", ".join(node(name, say) for name in one["members"])
            yield from paragraph(say("fate_together", count=len(one["members"]), members=members, **facts))
    if not report["shared_fate"]:
        yield from paragraph(say("fate_none"))


PARTS: tuple[Callable[[Report, Say], Iterator[str]], ...] = (
    _stops,
    _recovery,
    _baskets,
    _cuts,
    _fate,
    text_risks.risks,
    text_proof.copies,
    text_proof.assumed,
)
