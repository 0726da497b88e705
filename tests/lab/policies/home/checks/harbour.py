# SPDX-License-Identifier: Apache-2.0
"""Put something under a name that users type, and see that it is there."""

from __future__ import annotations

import json
import secrets
import sys
import urllib.error
import urllib.request


def ask(url: str, name: str, method: str = "GET") -> int:
    """Status of one request. Raises OSError when somebody else answers, or nobody."""
    data = name.encode() if method == "PUT" else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url + name, data, method=method), timeout=3) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    if not body.startswith(b"The Harbour Office: "):
        raise OSError(f"{url} is not ours, or its data are gone: {body[:80]!r}")
    return int(status)


def held(url: str, records: list[str]) -> dict[str, object]:
    """Which of the records are still there."""
    there = {record for record in records if ask(url, record) == 200}
    return {"held": [r for r in records if r in there], "lost": [r for r in records if r not in there]}


def put(url: str) -> dict[str, object]:
    """Put one and look for it."""
    record = f"test-{secrets.token_hex(8)}"
    if (ask(url, record, "PUT"), ask(url, record)) != (201, 200):
        raise OSError(f"{record} cannot be read back")
    return {"ok": True, "record": record}


def main(url: str) -> int:
    """Print the one line about the service at `url`; 0 when it is usable."""
    try:
        print(json.dumps(held(url, json.load(sys.stdin)) if sys.argv[1:] == ["--held"] else put(url)))
    except OSError as problem:
        print(json.dumps({"ok": False, "reason": str(problem)}))
        return 1
    return 0
