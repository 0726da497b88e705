# SPDX-License-Identifier: Apache-2.0
"""What the marked checks of this firm share: one line of JSON out, and the question `--held`: what is still there?

A check is called in two ways. With no argument it does its transaction and prints `{"ok": true, "record": "…"}`.
With `--held` it reads a JSON list of records, prints `{"held": […], "lost": […]}` and changes nothing.
A record is only called lost when the right one answered and did not have it.
"""

from __future__ import annotations

import json
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable

LIMIT_S = 3.0


class NotUsableError(Exception):
    """Says in a plain sentence why the activity cannot be used."""


def fresh(prefix: str) -> str:
    """A name for a test record that nothing else has."""
    return f"{prefix}-{secrets.token_hex(8)}"


def ask(url: str, body: bytes | None = None, method: str = "GET", headers: dict[str, str] | None = None) -> bytes:
    """One HTTP request; returns the body of a 2xx answer. Raises NotUsableError for anything else."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        raise NotUsableError(f"{url} answered {error.code}") from error
    except OSError as error:
        raise NotUsableError(f"{url} did not answer: {getattr(error, 'reason', error)}") from error


def main(transact: Callable[[], dict[str, str]], held: Callable[[list[str]], Iterable[str]]) -> int:
    """Do what the command line asks and print the one line. Returns the exit code: 0 usable, 1 not usable."""
    try:
        if sys.argv[1:] == ["--held"]:
            records = [str(record) for record in json.load(sys.stdin)]
            there = set(held(records)) if records else set()
            answer: dict[str, object] = {
                "held": [record for record in records if record in there],
                "lost": [record for record in records if record not in there],
            }
        else:
            answer = {"ok": True, **transact()}
    except (NotUsableError, ValueError, KeyError, TypeError, IndexError) as error:
        print(json.dumps({"ok": False, "reason": str(error) or type(error).__name__}))
        return 1
    print(json.dumps(answer))
    return 0
