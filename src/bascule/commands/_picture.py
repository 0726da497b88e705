# SPDX-License-Identifier: Apache-2.0
"""A page as a picture for a slide, by the browser that is here."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from bascule.commands import Unable

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# A slide, twice as fine as it is shown.
WIDTH, HEIGHT, FINENESS = 1280, 720, 2
LIMIT_S = 120
_QUIET = (
    "--headless=new",
    # Root has no sandbox in a container, and /dev/shm may be small there.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
    f"--force-device-scale-factor={FINENESS}",
    f"--window-size={WIDTH},{HEIGHT}",
)


def picture(page: Path, target: Path) -> None:
    """Write the page as a PNG. Raise Unable when there is no browser or it cannot do it."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise Unable(f"a picture needs a browser ({', '.join(BROWSERS)}); the page itself needs none: use --page")
    with tempfile.TemporaryDirectory() as profile:
        words = [browser, *_QUIET, f"--user-data-dir={profile}", f"--screenshot={target.resolve()}"]
        words.append(page.resolve().as_uri())
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise Unable(f"the browser made no picture within {LIMIT_S} s") from error
    if done.returncode or not target.is_file():
        raise Unable(f"the browser made no picture: {done.stderr.strip()[-300:]}")
