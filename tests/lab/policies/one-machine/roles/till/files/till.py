# SPDX-License-Identifier: Apache-2.0
"""The till of an invented bakery: `GET /` counts the sales, `PUT /ID` adds one, `GET /ID` says whether it is there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg2


@contextlib.contextmanager
def transaction() -> Iterator[Any]:
    """A cursor in the till's database; committed when the block ends well."""
    connection = psycopg2.connect("dbname=till user=till", connect_timeout=2, options="-c statement_timeout=3000")
    with contextlib.closing(connection), connection, connection.cursor() as cursor:
        yield cursor


class Till(BaseHTTPRequestHandler):
    """The three requests."""

    def do_GET(self) -> None:
        """Count, or look for one sale."""
        sale = self.path.lstrip("/")
        try:
            with transaction() as cursor:
                cursor.execute("select count(*), count(*) filter (where id = %s) from sales", (sale,))
                count, found = cursor.fetchone()
            self.answer(200 if found or not sale else 404, f"The Bakery: {count} sales\n")
        except psycopg2.Error as error:
            self.answer(503, str(error))

    def do_PUT(self) -> None:
        """Add one sale."""
        try:
            with transaction() as cursor:
                cursor.execute("insert into sales values (%s, 100)", (self.path.lstrip("/"),))
            self.answer(201, "The Bakery: sold\n")
        except psycopg2.Error as error:
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
    ThreadingHTTPServer(("0.0.0.0", 8080), Till).serve_forever()
