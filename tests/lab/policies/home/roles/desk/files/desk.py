# SPDX-License-Identifier: Apache-2.0
"""The desk of an invented firm: `PUT /ID` takes an order (a row and a slip), `GET /ID` says whether both are there."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg2

SLIPS = Path("/var/lib/desk")
NAME = re.compile(r"[a-z0-9-]{0,64}")


@contextlib.contextmanager
def transaction() -> Iterator[Any]:
    """A cursor in the desk's database; committed when the block ends well."""
    target = os.environ["DESK_DATABASE"]
    connection = psycopg2.connect(target, connect_timeout=2, options="-c statement_timeout=3000")
    with contextlib.closing(connection), connection, connection.cursor() as cursor:
        yield cursor


class Desk(BaseHTTPRequestHandler):
    """The three requests."""

    def do_GET(self) -> None:
        """Count, or look for one order."""
        order = self.path.lstrip("/")
        try:
            with transaction() as cursor:
                cursor.execute("select count(*), count(*) filter (where id = %s) from orders", (order,))
                count, found = cursor.fetchone()
            whole = not order or (found and NAME.fullmatch(order) and (SLIPS / order).is_file())
            self.answer(200 if whole else 404, f"The Harbour Office: {count} orders\n")
        except psycopg2.Error as error:
            self.answer(503, str(error))

    def do_PUT(self) -> None:
        """Take one order: the slip is on disk before the row is committed, and only then it is acknowledged."""
        order = self.path.lstrip("/")
        if not NAME.fullmatch(order) or not order:
            self.answer(400, "The Harbour Office: no such name\n")
            return
        try:
            with transaction() as cursor:
                cursor.execute("insert into orders (id) values (%s)", (order,))
                with open(SLIPS / order, "w", encoding="utf-8") as slip:
                    slip.write(order + "\n")
                    slip.flush()
                    os.fsync(slip.fileno())
            self.answer(201, "The Harbour Office: taken\n")
        except (psycopg2.Error, OSError) as error:
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
    ThreadingHTTPServer(("0.0.0.0", 8080), Desk).serve_forever()
