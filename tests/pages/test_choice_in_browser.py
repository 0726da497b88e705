# SPDX-License-Identifier: Apache-2.0
"""The page of the choice in a real browser: on a screen and a phone, for those who see little, and as a slide."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bascule import api
from bascule.choice import page
from bascule.cli import main

if TYPE_CHECKING:
    from conftest import Browser

pytestmark = pytest.mark.browser
SAMPLE = Path(__file__).parents[2] / "examples" / "atelier" / "policy.yml"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What reaches over the right edge; the map scrolls in its own frame.
WIDER = """
const w = document.documentElement.clientWidth;
const over = [...document.querySelectorAll('main *')].filter(
  e => e.getBoundingClientRect().right > w + 1 && !e.closest('.wide'));
return [document.documentElement.scrollWidth - w, over.slice(0, 3).map(e => e.outerHTML.slice(0, 120))];
"""
# Letters of a drawing that lie on each other, the marked ones apart.
OVERLAP = """
const found = [];
for (const svg of document.querySelectorAll('svg')) {
  const boxes = [...svg.querySelectorAll('text')].filter(t => getComputedStyle(t).display != 'none' &&
    t.classList.contains('tick')).map(t => [t.textContent, t.getBoundingClientRect()]);
  boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
    if (p.left < q.right && q.left < p.right && p.top < q.bottom && q.top < p.bottom) found.push(a + ' / ' + b); }));
}
return found;
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("choice")
    found, analysis = api.options(SAMPLE, None, date(2026, 11, 1))[0], api.analyse(SAMPLE)
    files = {language: folder / f"{language}.html" for language in ("fr", "en")}
    for language, file in files.items():
        file.write_text(page.render(found, analysis, language), encoding="utf-8")
    return files


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(browser: Browser, drawn: dict[str, Path], language: str, width: int) -> None:
    browser.open(drawn[language], width)
    assert browser.ask(WIDER) == [0, []]
    assert browser.ask(OVERLAP) == []


@pytest.mark.parametrize("width", [1280, 390])
def test_people_who_see_little_or_nothing_can_read_it(browser: Browser, drawn: dict[str, Path], width: int) -> None:
    from selenium_axe_python import Axe

    browser.open(drawn["fr"], width)
    axe = Axe(browser.driver)
    axe.inject()
    found = axe.run(options={"runOnly": {"type": "tag", "values": RULES}})
    assert [(entry["id"], [node["html"][:160] for node in entry["nodes"][:3]]) for entry in found["violations"]] == []


def test_a_slide(browser: Browser, tmp_path: Path) -> None:
    target = tmp_path / "slide.png"
    assert main(["options", str(SAMPLE), "orders", "--png", str(target)]) == 0
    head = target.read_bytes()[:24]
    assert head[:4] == b"\x89PNG"
    assert (int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")) == (2560, 1440)
