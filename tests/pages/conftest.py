# SPDX-License-Identifier: Apache-2.0
"""A real browser for the page: Debian's Chromium and its driver, installed when they are missing and root may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("chromium", "chromium-driver")
INSTALL_S = 600


def missing() -> bool:
    """Whether the browser or its driver is not there."""
    return not (shutil.which("chromium") and shutil.which("chromedriver"))


def install(say: pytest.TerminalReporter | None) -> str:
    """Install them as root; returns why that could not be done, else nothing."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"Chromium and its driver are not here, and only root can: apt-get install {' '.join(PACKAGES)}"
    if say:
        say.write_line(f"\n== installing {' and '.join(PACKAGES)} for the page's tests (a minute or two)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", *words], env=environment, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
        if done.returncode:
            return f"apt-get {words[0]} failed: {done.stderr.strip()[-300:]}"
    return "apt-get installed no chromium and chromedriver" if missing() else ""


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium without a window; the tests that need it are left out, with the reason, where there is none."""
    if missing():
        capture = request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            problem = install(request.config.pluginmanager.getplugin("terminalreporter"))
        if problem:
            pytest.skip(problem)
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


class Browser:
    """What the tests do with it."""

    def __init__(self, profile: Path) -> None:
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        # Root has no sandbox in a container, and /dev/shm may be small there.
        for word in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", f"user-data-dir={profile}"):
            options.add_argument(f"--{word}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(str(shutil.which("chromedriver"))))
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(120)

    def close(self) -> None:
        """End it."""
        self.driver.quit()

    def open(self, path: Path, width: int = 1280, scheme: str = "light", motion: str = "no-preference") -> None:
        """Show a file in a page so many CSS pixels wide."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get(path.as_uri())

    def ask(self, script: str, *words: object) -> object:
        """What a script of the test's, not of the page's, finds out."""
        return self.driver.execute_script(script, *words)
