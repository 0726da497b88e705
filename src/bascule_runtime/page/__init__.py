# SPDX-License-Identifier: Apache-2.0
"""The page of a run: its report as one HTML file that needs nothing else, for a director and for an auditor."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Union

from bascule_runtime import report, runs
from bascule_runtime.page.cloud import cloud
from bascule_runtime.page.decisions import decisions
from bascule_runtime.page.figures import figures
from bascule_runtime.page.findings import findings
from bascule_runtime.page.follow import follow
from bascule_runtime.page.headline import headline, lede, mood
from bascule_runtime.page.losses import losses
from bascule_runtime.page.parts import facts, sign
from bascule_runtime.page.proof import proof
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.story import story
from bascule_runtime.page.tree import Element, Node, data, document, element, flat
from bascule_runtime.page.unverified import clocks, unverified
from bascule_runtime.page.verdicts import verdicts

Report = Mapping[str, Any]
FILE = "report.html"


def render(report: Report, events: Sequence[Mapping[str, Any]], language: Optional[str] = None) -> str:
    """The whole page; takes a report and its events (`bascule_runtime.report.read`), `language` is the policy's unless
    given. The same bytes for the same journal: no clock, no name of this computer.
    """
    say = Speech(language or str(report["language"]), str(report["timezone"]), report["run"]["started"])
    first = verdicts(say, report)
    parts = [*figures(say, report), *story(say, report), *decisions(say, report), *losses(say, report),
             *cloud(say, report), *findings(say, report), *unverified(say, report), *clocks(say, report),
             *follow(say, report, events), *proof(say, report)]
    sections = [part for part in parts if part is not None]
    contents = _contents(say, sections)
    skip = element("a", say.word("page.skip"), href="#main", class_="skip")
    body = element("body", skip, _header(say, report),
                   element("main", first, contents, sections, id="main", tabindex="-1"), _footer(say, report))
    return document(element("html", _head(say, report), body, lang=say.language))


def write(folder: Union[str, Path], language: Optional[str] = None, target: Optional[Path] = None) -> Path:
    """Write the page of the run in `folder` (there, unless `target` is given), whole or not at all; returns its path.

    Raises what `bascule_runtime.report.read` raises, and OSError when it cannot be written.
    """
    path = target or Path(folder).resolve() / FILE
    runs.write_text(path, render(*report.read(folder), language))
    return path


@lru_cache(maxsize=1)
def _style() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def _head(say: Speech, report: Report) -> Element:
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = flat(f"{say.named(_firm(report))} · {_driver(say, report)} · {say.date(report['run']['started'])}")
    return element(
        "head", element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title), element("style", style))


def _firm(report: Report) -> Mapping[str, Any]:
    return {"id": report["policy"], "name": report["name"]}


def _driver(say: Speech, report: Report) -> str:
    key = f"driver.{report['run']['driver']}"
    return say.word(key) if say.known(key) else str(report["run"]["driver"])


def _header(say: Speech, report: Report) -> Element:
    run = report["run"]
    kicker = element("p", data(say.named(_firm(report))), " · ", _driver(say, report), class_="kicker")
    title = element("h1", sign(mood(report)), " ", headline(say, report), class_=f"mood {mood(report)}")
    banners = [element("p", say.word(key), class_="banner") for key, told in
               (("simulation", run["check"]), ("not_ended", run["ended"] is None)) if told]
    pairs: list[tuple[Node, Node]] = [(say.word("page.started"), say.moment(run["started"], whole=True))]
    took = say.duration(run["last_event"] - run["started"])
    pairs.append((say.word("page.run_took"), took))
    if run.get("declared"):
        pairs.append((say.word("declared"), element("q", data(run["declared"]))))
    return element("header", kicker, title, lede(say, report), banners, facts(pairs))


def _contents(say: Speech, sections: Sequence[Element]) -> Element:
    links = []
    for part in sections:
        name = dict(part.attributes)["id"]
        links.append(element("li", element("a", say.word(f"page.{name.replace('-', '_')}"), href=f"#{name}")))
    return element("nav", element("ul", links), aria_label=say.word("page.contents"))


def _footer(say: Speech, report: Report) -> Element:
    return element("footer", element("p", say.sentence(
        "page.footer", run=element("code", data(report["run"].get("id") or report["policy"])))))
