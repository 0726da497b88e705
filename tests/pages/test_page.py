# SPDX-License-Identifier: Apache-2.0
"""The page of a run: whole, the same bytes for the same journal, nothing in it that is not data; no browser needed."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from journals import LANGUAGES, NASTY, ROOT, STORED, built, many, nasty, stored

from bascule import cli
from bascule_runtime import doubts, page, report
from bascule_runtime.page import tree

VOID = {"meta", "br", "link"}


class Outline(HTMLParser):
    """What a page is made of: its elements, and its text without that of `script` and `style`."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.data = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.data += data
        elif self.open and self.open[-1] != "style":
            self.text += data

    def values(self, name: str) -> list[str]:
        return [str(attributes[name]) for _tag, attributes in self.tags if name in attributes]

    @property
    def ids(self) -> list[str]:
        return self.values("id")

    @property
    def links(self) -> list[str]:
        return self.values("href")


@pytest.mark.parametrize(("language", "file"), [("en", "example-report.html"), ("fr", "example-report.fr.html")])
def test_the_page_in_the_documentation_is_that_of_the_stored_journal(
    expect: Callable[[Path, str], None], tmp_path: Path, language: str, file: str
) -> None:
    written = page.write(STORED, language, tmp_path / file)
    expect(ROOT / "docs" / file, written.read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_anchor_leads_somewhere_and_every_identity_is_one(language: str) -> None:
    found = Outline(built(*stored(), language))
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert [link for link in found.links if not link.startswith("#")] == []
    assert {link[1:] for link in found.links} - set(found.ids) == set()
    assert found.values("lang")[0] == language
    bars = [link for link, tag in zip(found.links, found.links, strict=True) if tag.startswith("#events-")]
    assert "#events-system_2ewebsite-db" in bars


def test_headings_are_in_order() -> None:
    levels = [int(tag[1]) for tag, _attributes in Outline(built(*stored())).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_it_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    text = built(*stored())
    found = Outline(text)
    assert "default-src 'none'" in found.values("content")[0]
    assert [attributes.get("type") for tag, attributes in found.tags if tag == "script"] == ["application/json"]
    assert not re.search(r"https?://|@import|url\(", re.sub(r'"url":"[^"]*"', "", text))
    assert [name for _tag, attributes in found.tags for name in attributes if name in ("style", "src", "onclick")] == []


def test_the_report_is_in_it_as_data() -> None:
    plan, events = stored()
    data = json.loads(Outline(built(plan, events)).data)
    assert data == json.loads(json.dumps(report.compute(plan, events)))
    schema = json.loads((ROOT / "schemas/report/v1.schema.json").read_text())
    jsonschema.validate(report.of_folder(STORED), schema)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_what_people_wrote_stays_text(text: str, language: str) -> None:
    plain, found = Outline(built(*stored(), language)), Outline(built(*nasty(text), language))
    shown = tree._UNSHOWABLE.sub("\ufffd", text)
    assert found.text.count(shown) > 20
    # Nothing that was written has become an element or an attribute.
    assert {tag for tag, _attributes in found.tags} <= {tag for tag, _ in plain.tags} | {"q", "ul", "li", "h3"}
    assert {name for _tag, attributes in found.tags for name in attributes if name.startswith("on")} == set()
    built(*nasty(text), language).encode("utf-8")


def test_marks_of_direction_end_where_the_words_end() -> None:
    text = built(*nasty(NASTY["direction"]))
    for before in re.findall("(<[^>]*>[^<]*)\u202e", text):
        assert before.startswith("<bdi"), before
    assert "\u202e" not in re.search("<title>.*?</title>", text)[0]  # type: ignore[index]


def test_a_killed_run_does_not_say_more_than_its_journal() -> None:
    plan, events = stored()
    stop = next(index for index, event in enumerate(events) if event.get("unit") == "activity.orders") - 1
    for count in (0, 1, 4, 30, stop, len(events) - 1):
        text = Outline(built(plan, events[:count], "en")).text
        assert "The run did not end" in text, count
        assert "All 3 activities" not in text
    told = next(index for index, event in enumerate(events) if event.get("unit") and event.get("step") == "recover")
    assert "not ended when the journal stops" in Outline(built(plan, events[: told + 1], "en")).text


def test_a_refused_run_says_that_nothing_was_touched() -> None:
    plan, events = stored()
    refusal = {
        "t": events[2]["t"],
        "event": "task",
        "machine": "localhost",
        "name": "Let the run begin",
        "phase": "guard",
        "state": "failed",
        "began": events[2]["t"],
        "seconds": 0.1,
        "reason": "undeclared",
        "msg": "Refused: Nobody has declared the disaster.",
    }
    text = Outline(built(plan, [*events[:2], refusal, events[-1]], "fr")).text
    assert "refusée avant de toucher" in text
    assert "Nobody has declared the disaster" in text


def test_a_simulation_never_looks_like_a_result() -> None:
    plan, events = stored()
    for event in events:
        if "check" in event:
            event["check"] = True
    found = Outline(built(plan, events, "en"))
    assert "Simulation: nothing was touched." in found.text
    assert "All 3 activities" not in found.text
    assert "Nothing below counts as passed." in found.text


def test_bounds_are_said_with_their_reason() -> None:
    plan, events = stored()
    for event in events:
        outage = (event.get("evidence") or {}).get("outage") if event["event"] == "task" else None
        if outage:
            outage.update(seen=False, last_good=None, first_good=None)
    text = Outline(built(plan, events, "en")).text.replace("\u00a0", " ")
    assert "at least 35 s" in text
    assert "The time is a lower bound" in text
    assert "Nobody saw when these activities were disrupted" in text


def test_lists_that_the_page_does_not_know_are_shown_as_they_are() -> None:
    plan, events = stored()
    found = report.compute(plan, events)
    found["oddities"] = [
        {"system": "erp-db", "finding": "The standby has PostgreSQL 15.4, the primary 15.8.", "breaks": True},
        {"system": "website", "finding": "<b>no</b>", "breaks": None},
    ]
    text = page.render(found, [], "en")
    assert "PostgreSQL 15.4" in text
    assert "&lt;b&gt;no&lt;/b&gt;" in text
    assert "<caption><bdi>oddities</bdi></caption>" in text


def test_what_both_sides_no_longer_share_is_told_with_what_to_do() -> None:
    found = report.compute(*stored())
    says = {"what": "PostgreSQL is 15.8 on db1.", "would": "It would not start.", "do": "Run <dr-build>."}
    entry = {"level": "breaks", "activities": ["orders"], "systems": ["erp-db"], "says": {"en": says, "fr": says}}
    found["drift"] = {"compared": [], "findings": [entry]}
    text = Outline(page.render(found, [], "en")).text
    assert "Take orders" in text
    assert all(sentence in text for sentence in says.values())


@pytest.mark.slow
def test_two_hundred_activities_fit() -> None:
    text = built(*many(200), "en")
    found = Outline(text)
    assert "All 200 activities are usable again." in found.text
    assert len(found.ids) == len(set(found.ids))
    assert {link[1:] for link in found.links} - set(found.ids) == set()
    assert (
        len([1 for tag, attributes in found.tags if tag == "a" and str(attributes.get("id", "")).startswith("bar-")])
        < 50
    )


def test_every_doubt_has_its_sentence() -> None:
    glossary = json.loads((ROOT / "src/bascule_runtime/glossary.json").read_text(encoding="utf-8"))
    source = Path(doubts.__file__).read_text(encoding="utf-8")
    codes = {
        *re.findall(r'_doubt\("([a-z_]+)"', source),
        *(f"unit_{word}" for word in doubts.UNSEEN),
        "silent",
        "silent_left",
    }
    assert {f"doubt.{code}" for code in codes} == {key for key in glossary if key.startswith("doubt.")}


def test_both_languages_have_the_same_holes() -> None:
    glossary = json.loads((ROOT / "src/bascule_runtime/glossary.json").read_text(encoding="utf-8"))
    holes = {
        key: [sorted(re.findall(r"\{[a-z_]+\}", text)) for text in entry.values()] for key, entry in glossary.items()
    }
    # A language may say `one` in words.
    assert [key for key, (en, fr) in holes.items() if en != fr and not key.endswith(".one")] == []


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "page.html"
    assert cli.main(["report", str(STORED), "--html", "-o", str(target), "--lang", "fr"]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    assert '<html lang="fr">' in target.read_text(encoding="utf-8")
    assert cli.main(["report", str(STORED), "-o", str(target)]) == 2
    assert cli.main(["report", str(STORED), "--html", "-o", str(tmp_path / "no/such" / "\0")]) == 3
    assert cli.main(["report", str(tmp_path), "--html"]) == 3
    assert cli.main(["report", "/", "--html"]) == 3
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["style", "script"])
def test_raw_text_cannot_end_its_element(name: str) -> None:
    with pytest.raises(ValueError, match="would end it"):
        tree.document(tree.element(name, "a </b"))


def folder_with(tmp_path: Path, **files: Any) -> Path:
    run = tmp_path / "runs/20261125T000000Z-activate-0000"
    run.mkdir(parents=True)
    for name, content in files.items():
        (tmp_path / name.replace("_", ".")).write_text(content)
    return run


def test_a_plan_that_is_none_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = folder_with(tmp_path, plan_json='{"schema": "other"}')
    assert cli.main(["report", str(run), "--html"]) == 3
    assert "is not a bascule/plan/v1" in capsys.readouterr().err
