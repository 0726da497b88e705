# SPDX-License-Identifier: Apache-2.0
"""The page of the choice: the price of minutes, what depends on what, what stops cost; one file that needs nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bascule.analysis.phrases import money, node
from bascule.analysis.words import Say, speaker
from bascule.choice.page.impact import impact
from bascule.choice.page.map import dependency_map
from bascule.choice.page.minutes import minutes
from bascule.choice.text import answered
from bascule_runtime.page.tree import Element, Node, data, document, element, flat
from bascule_runtime.text import duration, named

Report = Mapping[str, Any]
# What three recovery times cost, and which one should be chosen.
_SLIDE_LINES = 4


def render(options: Report, analysis: Report, language: str | None = None) -> str:
    """Given options and analysis of one policy, return the page, in `fr` or `en`, by default the policy's language. The
    same bytes for the same reports.
    """
    language = language or str(options["policy"]["language"])
    say = speaker(language)
    title = say("page.title", name=named(options["policy"], language))
    head = element("header", element("h1", data(title)), element("p", say("page.lede"), class_="lede"))
    parts = [
        _answers(options, language, say),
        _costs(options, say),
        _map(analysis, say),
        _impact(analysis, language, say),
    ]
    main = element("main", head, parts, element("p", say("page.drawn_from"), class_="note"))
    return document(element("html", _head(title), element("body", main), lang=language))


def slide(options: Report, language: str | None = None) -> str:
    """Given options, return a page as large as a slide about the first of their activities: its answer and picture."""
    language = language or str(options["policy"]["language"])
    say = speaker(language)
    name, activity = next(iter(options["activities"].items()))
    title = named({"id": name, **activity}, language)
    lines = [element("li", data(line)) for line in list(answered(options, name, activity, say))[:_SLIDE_LINES]]
    drawn = minutes(name, activity, options, say) if activity["points"] else None
    how = element("p", say("page.minutes_how", currency=options["policy"]["currency"]), class_="note")
    main = element("main", element("h1", data(title)), element("ul", lines), drawn, how)
    return document(element("html", _head(title), element("body", main, class_="slide"), lang=language))


def _head(title: str) -> Element:
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light"),
        element("title", flat(title)),
        element("style", style),
    )


def _section(id_: str, title: str, *children: Node) -> Element:
    return element("section", element("h2", title, id=f"h-{id_}"), children, id=id_, aria_labelledby=f"h-{id_}")


def _answers(options: Report, language: str, say: Say) -> Element:
    blocks: list[Node] = []
    for name, activity in options["activities"].items():
        lines = [element("li", data(line)) for line in answered(options, name, activity, say)]
        drawn = minutes(name, activity, options, say) if activity["points"] else None
        shown = named({"id": name, **activity}, language)
        blocks.append(element("article", element("h3", data(shown)), element("ul", lines), drawn))
    return _section(
        "minutes",
        say("page.minutes"),
        element("p", say("page.minutes_how", currency=options["policy"]["currency"]), class_="note"),
        blocks,
    )


def _costs(options: Report, say: Say) -> Element | None:
    choice = options["choice"]
    if not choice:
        return None
    currency = options["policy"]["currency"]
    rows = [
        element("tr", element("th", data(name), scope="row"), element("td", say(f"way.{way}")))
        for name, way in choice["systems"].items()
    ]
    total = say("page.total", outlay=money(choice["outlay"]), currency=currency)
    top = element("tr", element("th", say("system"), scope="col"), element("th", say("options.way"), scope="col"))
    return _section("choice", say("options.all"), element("p", total),
                    element("table", element("thead", top), element("tbody", rows)))  # fmt: skip


def _map(analysis: Report, say: Say) -> Element:
    lines: list[Node] = []
    for name, activity in analysis["activities"].items():
        single = [node(one, say) for one in activity["single_points"]]
        facts = {"activity": name, "things": ", ".join(single)}
        pairs = sum(1 for one in activity["cut_sets"] if len(one) == 2)
        said = say("page.single" if single else "page.no_single", pairs=pairs, **facts)
        lines.append(element("li", data(said)))
    for basket in analysis["baskets"]:
        if (basket["gained_s"] or 0) > 60 and basket["kind"] != "site":
            facts = {
                "basket": node(basket["id"], say),
                "by": duration(basket["by_s"]),
                "egg": node(basket["eggs"][0]["id"], say, side=False),
                "gained": duration(basket["gained_s"]),
            }
            lines.append(element("li", data(say("page.basket", **facts))))
    drawn = element("div", dependency_map(analysis, say), class_="wide", tabindex="0", role="group",
                    aria_label=say("page.map"))  # fmt: skip
    return _section(
        "map", say("page.map"), element("p", say("page.map_how"), class_="note"), drawn, element("ul", lines)
    )


def _impact(analysis: Report, language: str, say: Say) -> Element:
    drawn = [
        element("article", element("h3", data(named({"id": name, **activity}, language))), impact(name, activity, say))
        for name, activity in analysis["activities"].items()
        if activity["curve"]
    ]
    how = element("p", say("page.impact_how", currency=analysis["policy"]["currency"]), class_="note")
    return _section("impact", say("page.impact"), how, drawn or element("p", say("page.no_amounts")))
