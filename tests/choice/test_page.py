# SPDX-License-Identifier: Apache-2.0
"""The page of the choice: what it shows, that it needs nothing else, and that words of a policy stay words."""

from __future__ import annotations

import copy
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bascule import api
from bascule.choice import page
from bascule.cli import main

SAMPLE = Path(__file__).parents[2] / "examples" / "atelier" / "policy.yml"
NASTY = "<script>alert(1)</script>\" onload='x' \u202e &amp;"


@pytest.fixture(scope="module")
def reports() -> tuple[dict[str, Any], dict[str, Any]]:
    return api.options(SAMPLE, None, date(2026, 11, 1))[0], api.analyse(SAMPLE)


@pytest.mark.parametrize(("language", "words"), [("fr", "maximum supportable"), ("en", "longest bearable")])
def test_one_file_that_needs_nothing(reports: tuple[dict[str, Any], dict[str, Any]], language: str, words: str) -> None:
    text = page.render(*reports, language)
    assert text == page.render(*reports, language)
    assert f'lang="{language}"' in text
    assert words in text
    assert "<script" not in text
    assert not re.search(r'(src|href)="(?!#)', text)
    assert "default-src &#x27;none&#x27;" in text


def test_each_activity_has_its_curve_and_its_chosen_point(reports: tuple[dict[str, Any], dict[str, Any]]) -> None:
    text = page.render(*reports, "en")
    for name, activity in reports[0]["activities"].items():
        (drawn,) = re.findall(rf"<svg[^>]*minutes-{name}-title.*?</svg>", text, re.DOTALL)
        assert drawn.count('class="chosen"') == 1
        assert drawn.count('class="wall"') == 1
        assert drawn.count('class="point"') == len(activity["points"])
    assert text.count('id="impact-orders-title"') == 1


def test_the_question_is_answered_on_the_page(reports: tuple[dict[str, Any], dict[str, Any]]) -> None:
    text = re.sub(r"<[^>]+>", "", page.render(*reports, "en"))
    for line in ("Ten minutes: 2 100 EUR a year", "Four hours: 2 100 EUR a year too", "A day or two: 394 EUR a year"):
        assert line in text, line
    assert "because an hour of stop costs up to 280 and 30 min is promised" in text


def test_what_is_fragile_is_marked_without_colour(reports: tuple[dict[str, Any], dict[str, Any]]) -> None:
    options, analysis = reports
    text = page.render(options, analysis, "en")
    assert 'class="box alone"' not in text
    assert text.count('class="inner"') > 3
    worse = copy.deepcopy(analysis)
    worse["activities"]["orders"]["single_points"] = ["machine:db1"]
    assert page.render(options, worse, "en").count('class="box alone"') == 1


def test_words_of_a_policy_stay_words(reports: tuple[dict[str, Any], dict[str, Any]]) -> None:
    options, analysis = (copy.deepcopy(report) for report in reports)
    options["policy"]["name"] = {"en": NASTY}
    for report in (options, analysis):
        report["activities"]["orders"]["name"] = {"en": NASTY}
    for text in (page.render(options, analysis, "en"), page.slide(options, "en")):
        assert "<script" not in text
        assert "onload='x'" not in re.sub(r">[^<]*<", "><", text)


def test_page_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "choice.html"
    assert main(["options", str(SAMPLE), "orders", "--page", str(target)]) == 0
    assert f"{target} written" in capsys.readouterr().out
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_without_a_browser_there_is_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["options", str(SAMPLE), "orders", "--png", str(tmp_path / "slide.png")]) == 3
    assert "needs a browser" in capsys.readouterr().err
