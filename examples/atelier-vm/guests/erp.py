# SPDX-License-Identifier: Apache-2.0
"""The ERP of the invented firm, as far as a rehearsal needs it: orders are taken, kept in PostgreSQL and read back."""

from __future__ import annotations

import http.server
import json
import threading
from typing import Any

import psycopg2  # type: ignore[import-untyped]

LOCK = threading.Lock()


def sql(statement: str, *values: str) -> list[tuple[Any, ...]]:
    """Run one statement to its end: what it returns was written and flushed."""
    with LOCK:
        connection = psycopg2.connect("dbname=erp user=erp connect_timeout=3")
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()


class Handler(http.server.BaseHTTPRequestHandler):
    """`GET /`: whose ERP this is. `POST /orders` with an id: take it. `GET /orders/ID`: read it back."""

    def do_GET(self) -> None:
        """Answer what is asked for."""
        if self.path == "/":
            self.answer(200, {"firm": sql("select name from firm")[0][0]})
            return
        found = sql("select id from orders where id = %s", self.path.removeprefix("/orders/"))
        self.answer(200 if found else 404, {"id": found[0][0] if found else None})

    def do_POST(self) -> None:
        """Take an order. It is acknowledged when the database has it on disk."""
        order = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))["id"]
        sql("insert into orders (id) values (%s)", str(order))
        self.answer(201, {"id": order})

    def answer(self, code: int, data: dict[str, Any]) -> None:
        """Send JSON."""
        body = json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Nothing: the journal of a guest is on the disk that is copied."""


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
