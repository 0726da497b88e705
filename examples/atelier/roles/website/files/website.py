# SPDX-License-Identifier: Apache-2.0
"""The public web site of an invented firm: a page from PostgreSQL, and messages that are a row and an upload.

`GET /` shows the page; `POST /messages` takes `{"id": …, "text": …}` and answers 201 once row and upload are on disk;
`GET /messages/ID` gives the message back when row and upload are there and agree.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import os
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg2

UPLOADS = Path("/var/lib/website/uploads")
IDENTIFIER = re.compile(r"[0-9a-z-]{8,64}")
LARGEST_BYTES = 1_000_000


@contextlib.contextmanager
def transaction() -> Iterator[Any]:
    """A cursor in the site's own database, as the user that runs this program; committed when the block ends well."""
    settings = {"connect_timeout": 2, "options": "-c statement_timeout=3000"}
    connection = psycopg2.connect("dbname=website", **settings)
    with contextlib.closing(connection), connection, connection.cursor() as cursor:
        yield cursor


def page() -> str:
    """The home page, made of what the database holds."""
    with transaction() as cursor:
        cursor.execute("select name from firm")
        firm = html.escape(cursor.fetchone()[0], quote=False)
        cursor.execute("select name, steps from stairs order by steps")
        rows = "".join(f"<li>{html.escape(name)} : {steps} marches</li>" for name, steps in cursor.fetchall())
    return f'<!doctype html><meta charset="utf-8"><title>{firm}</title><h1>{firm}</h1><ul>{rows}</ul>\n'


def keep(identifier: str, text: str) -> None:
    """Keep one message for good: the upload is synced before the row is committed."""
    body = text.encode()
    with transaction() as cursor:
        cursor.execute(
            "insert into messages (id, text, sha256) values (%s, %s, %s)",
            (identifier, text, hashlib.sha256(body).hexdigest()),
        )
        UPLOADS.mkdir(exist_ok=True)
        with open(UPLOADS / identifier, "xb") as upload:
            upload.write(body)
            upload.flush()
            os.fsync(upload.fileno())


def find(identifier: str) -> dict[str, str] | None:
    """The message with this identifier, or None when its row or its upload is missing or they differ."""
    with transaction() as cursor:
        cursor.execute("select text, sha256 from messages where id = %s", (identifier,))
        row = cursor.fetchone()
    upload = UPLOADS / identifier
    if row is None or not upload.exists() or hashlib.sha256(upload.read_bytes()).hexdigest() != row[1]:
        return None
    return {"id": identifier, "text": row[0]}


class Site(BaseHTTPRequestHandler):
    """The three requests; a database that does not answer gives 503."""

    def do_GET(self) -> None:
        """Show the page or one message."""
        try:
            if self.path == "/":
                self.answer(200, page(), "text/html; charset=utf-8")
                return
            identifier = self.path.removeprefix("/messages/")
            found = find(identifier) if IDENTIFIER.fullmatch(identifier) else None
            self.answer(200 if found else 404, json.dumps(found))
        except psycopg2.Error as error:
            self.answer(503, json.dumps({"reason": str(error).strip()}))

    def do_POST(self) -> None:
        """Keep one message."""
        try:
            length = min(int(self.headers.get("Content-Length") or 0), LARGEST_BYTES)
            message = json.loads(self.rfile.read(length))
            identifier, text = str(message["id"]), str(message["text"])
        except (ValueError, KeyError, TypeError):
            identifier, text = "", ""
        if self.path != "/messages" or not IDENTIFIER.fullmatch(identifier):
            self.answer(400, json.dumps({"reason": "send {id, text} to /messages"}))
            return
        try:
            keep(identifier, text)
            self.answer(201, json.dumps({"id": identifier}))
        except (psycopg2.Error, OSError) as error:
            self.answer(503, json.dumps({"reason": str(error).strip()}))

    def answer(self, status: int, text: str, kind: str = "application/json") -> None:
        """Send one answer."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing: nginx keeps the log."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8080), Site).serve_forever()
