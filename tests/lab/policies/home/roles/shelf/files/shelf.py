# SPDX-License-Identifier: Apache-2.0
"""The shelf of plans of an invented firm: `GET /NAME` reads a plan, `PUT /NAME` files one, `GET /` counts them."""

from __future__ import annotations

import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PLANS = Path("/srv/plans")
NAME = re.compile(r"[a-z0-9.-]{1,64}")


class Shelf(BaseHTTPRequestHandler):
    """The three requests."""

    def do_GET(self) -> None:
        """Count, or read one plan."""
        name = self.path.lstrip("/")
        if not name:
            self.answer(200 if PLANS.is_dir() else 503, f"The Harbour Office: {len(list(PLANS.iterdir()))} plans\n")
            return
        found = NAME.fullmatch(name) and (PLANS / name).is_file()
        self.answer(200 if found else 404, f"The Harbour Office: {'here it is' if found else 'no such plan'}\n")

    def do_PUT(self) -> None:
        """File one plan: it is on disk before it is acknowledged."""
        name = self.path.lstrip("/")
        if not NAME.fullmatch(name):
            self.answer(400, "The Harbour Office: no such name\n")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with open(PLANS / name, "wb") as plan:
                plan.write(body)
                plan.flush()
                os.fsync(plan.fileno())
            self.answer(201, "The Harbour Office: filed\n")
        except OSError as error:
            self.answer(503, str(error))

    def answer(self, status: int, text: str) -> None:
        """Send one answer."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8081), Shelf).serve_forever()
