# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: on a screen, a phone and paper, in the dark, by keyboard, for those who see nothing."""

from __future__ import annotations

import base64
import re
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from journals import LANGUAGES, NASTY, built, many, nasty, stored

if TYPE_CHECKING:
    from conftest import Browser

pytestmark = pytest.mark.browser
# A screen, the same at 200 %, a phone, the screen at 400 %.
WIDTHS = (1280, 640, 390, 320)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages by name: of the stored run in both languages, of what people may write, of a killed run, of many."""
    folder = tmp_path_factory.mktemp("pages")
    plan, events = stored()
    texts = {language: built(plan, events, language) for language in LANGUAGES}
    texts |= {f"nasty-{name}": built(*nasty(text)) for name, text in NASTY.items()}
    texts |= {"killed": built(plan, events[:120]), "many": built(*many(40)), "nothing": built(plan, events[:1])}
    found = {}
    for name, text in texts.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(text, encoding="utf-8")
    return found


# What reaches over the right edge, but for what only screen readers are told.
WIDER = """
const w = document.documentElement.clientWidth;
const over = [...document.querySelectorAll('main *')].filter(
  e => e.getBoundingClientRect().right > w + 1 && !e.closest('thead, .unseen'));
return [document.documentElement.scrollWidth - w, over.slice(0, 3).map(e => e.outerHTML.slice(0, 90))];
"""


@pytest.mark.parametrize("name", ["fr", "nasty-long", "killed", "many"])
def test_nothing_is_wider_than_the_page(browser: Browser, pages: dict[str, Path], name: str) -> None:
    for width in WIDTHS:
        browser.open(pages[name], width)
        assert browser.ask(WIDER) == [0, []], width


@pytest.mark.parametrize(
    ("name", "width", "scheme"), [("fr", 1280, "light"), ("en", 390, "dark"), ("killed", 390, "light")]
)
def test_people_who_see_little_or_nothing_can_read_it(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    from selenium_axe_python import Axe

    browser.open(pages[name], width, scheme)
    axe = Axe(browser.driver)
    axe.inject()
    found = axe.run(options={"runOnly": {"type": "tag", "values": RULES}})
    told = [(entry["id"], [node["html"][:160] for node in entry["nodes"][:3]]) for entry in found["violations"]]
    assert told == []
    assert len(found["passes"]) > 20, "axe looked at nothing"


def test_every_link_leads_to_what_can_be_seen(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["fr"])
    lost = browser.ask(
        "return [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href')).filter(h => {"
        "const there = document.getElementById(h.slice(1));"
        "return !there || there.getBoundingClientRect().height === 0; })"
    )
    assert lost == []


def test_a_bar_leads_to_its_events_and_back_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(pages["en"], motion="reduce")
    browser.ask("document.getElementById('bar-system_2ewebsite-db').focus()")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.ask("return location.hash") == "#events-system_2ewebsite-db"
    top = browser.ask("return document.querySelector(location.hash).getBoundingClientRect().top")
    assert -5 < top < 100
    back = browser.ask("return document.querySelector(location.hash + ' .links a').getAttribute('href')")
    browser.ask("document.querySelector(location.hash + ' .links a').focus()")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.ask("return location.hash") == back
    assert browser.ask("return document.querySelector(location.hash).closest('#story') !== null")


def test_all_that_can_be_used_is_reached_by_tab_and_seen_to_be(browser: Browser, pages: dict[str, Path]) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(pages["en"])
    wanted = browser.ask("return document.querySelectorAll('a[href]').length")
    seen: list[tuple[str, bool]] = []
    for _count in range(30):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(
            tuple(
                browser.ask(  # type: ignore[arg-type]
                    "const e = document.activeElement, hit = e.querySelector('.hit');"
                    "const s = getComputedStyle(e), h = hit && getComputedStyle(hit);"
                    "return [e.getAttribute('href') + e.textContent,"
                    " s.outlineStyle !== 'none' || !!h && parseFloat(h.strokeWidth) >= 2 && h.stroke !== 'none']"
                )
            )
        )
    assert seen[0][0].startswith("#main")
    assert len({name for name, _shown in seen}) >= 28
    assert [name for name, shown in seen if not shown] == []
    assert wanted > 60


@pytest.mark.parametrize("name", [f"nasty-{name}" for name in NASTY])
def test_nothing_that_was_written_runs(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.open(pages[name])
    assert browser.driver.title != "taken"
    assert browser.ask("return document.images.length + document.querySelectorAll('iframe, form, object').length") == 0
    assert [entry["message"] for entry in browser.driver.get_log("browser")] == []


def test_a_script_in_the_page_would_not_run(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """The policy in the page's head holds, whatever else fails."""
    text = pages["en"].read_text(encoding="utf-8")
    path = tmp_path / "tampered.html"
    path.write_text(text.replace("</main>", "<script>document.title = 'taken'</script></main>"), encoding="utf-8")
    browser.open(path)
    assert browser.driver.title != "taken"
    assert any("Content Security Policy" in entry["message"] for entry in browser.driver.get_log("browser"))


def sheets(data: bytes) -> int:
    """How many sheets a PDF has; its fonts are subsets, so the text itself is not looked for here."""
    return len(re.findall(rb"/Type\s*/Page\b", data)) or sum(
        len(re.findall(rb"/Type\s*/Page\b", zlib.decompress(part)))
        for part in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL)
        if part[:2] == b"x\x9c"
    )


def test_paper_has_all_of_it(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["fr"])
    on_screen = browser.ask("return [...document.querySelectorAll('main > section')].map(s => s.id)")
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    gone = browser.ask(
        "return [...document.querySelectorAll('main > section, main td, main th, main dd, main li, main p')]"
        ".filter(e => !e.closest('nav, .links') && e.getBoundingClientRect().height === 0 && e.textContent.trim())"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert gone == []
    assert {"verdicts", "figures", "story", "decisions", "points", "unverified", "clocks", "events", "proof"} <= set(
        on_screen
    )
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    printed = browser.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
    pdf = base64.b64decode(printed["data"])
    assert pdf.startswith(b"%PDF")
    assert sheets(pdf) > 3
