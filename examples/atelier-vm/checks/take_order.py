# SPDX-License-Identifier: Apache-2.0
"""Take an order through the users' name and read it back. With `--held`: which orders of a list the ERP still has."""

from __future__ import annotations

import json
import secrets
import sys
import urllib.error
import urllib.request
from typing import Any

URL = "http://erp.atelier-vm.test:8000/"
FIRM = "L'Atelier"
LIMIT_S = 5.0


class NotUsableError(Exception):
    """Says in a plain sentence why orders cannot be taken."""


def ask(path: str, order: str = "") -> dict[str, Any] | None:
    """One request: with an order it is taken. None when the ERP does not have what is asked for."""
    request = urllib.request.Request(URL + path, json.dumps({"id": order}).encode() if order else None)
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise NotUsableError(f"{URL}{path} answered {error.code}") from error
    except (OSError, ValueError) as error:
        raise NotUsableError(f"{URL}{path} did not answer: {getattr(error, 'reason', error)}") from error


def firm() -> str:
    """The firm's name, when this is its ERP."""
    said = ask("") or {}
    if said.get("firm") != FIRM:
        raise NotUsableError(f"what answered at {URL} is not the ERP of {FIRM}")
    return FIRM


def take_order() -> dict[str, Any]:
    """Take it and read it back."""
    order, whose = f"test-order-{secrets.token_hex(8)}", firm()
    ask("orders", order)
    if ask(f"orders/{order}") is None:
        raise NotUsableError(f"the order {order} was acknowledged and cannot be read back")
    return {"ok": True, "record": order, "who": whose}


def held(orders: list[str]) -> dict[str, list[str]]:
    """Which are there, which are not. Only the right ERP can say that one is lost."""
    firm()
    there = [order for order in orders if ask(f"orders/{order}") is not None]
    return {"held": there, "lost": [order for order in orders if order not in there]}


def main() -> int:
    """Entry point: 0 usable, 1 not usable; one line of JSON."""
    try:
        answer = held([str(one) for one in json.load(sys.stdin)]) if sys.argv[1:] == ["--held"] else take_order()
    except NotUsableError as error:
        print(json.dumps({"ok": False, "reason": str(error)}))
        return 1
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
