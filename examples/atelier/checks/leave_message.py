# SPDX-License-Identifier: Apache-2.0
"""Leave a message on the public web site, as a visitor would, and read it back: a row and an upload that must agree."""

from __future__ import annotations

import json
import sys

from marked import NotUsableError, ask, fresh, main

URL = "http://www.atelier.test/"
FIRM = "L'Atelier"


def whose() -> str:
    """The firm's name, when this is its web site. Raises NotUsableError when it is somebody else's."""
    if f"<h1>{FIRM}</h1>" not in ask(URL).decode(errors="replace"):
        raise NotUsableError(f"what answered at {URL} is not the web site of {FIRM}")
    return FIRM


def leave_message() -> dict[str, str]:
    """Leave the message and read it back."""
    record = fresh("test-message")
    firm = whose()
    body = json.dumps({"id": record, "text": f"Bonjour, ceci est un essai ({record})."}).encode()
    ask(URL + "messages", body, "POST", {"Content-Type": "application/json"})
    if not is_held(record):
        raise NotUsableError(f"the message {record} was acknowledged and cannot be read back")
    return {"record": record, "who": firm}


def is_held(record: str) -> bool:
    """Whether row and upload are there and agree."""
    try:
        found = json.loads(ask(URL + "messages/" + record))
    except NotUsableError as error:
        if str(error).endswith(" 404"):
            return False
        raise
    return isinstance(found, dict) and found.get("id") == record


def held(records: list[str]) -> list[str]:
    """Those of the messages that are still there."""
    whose()
    return [record for record in records if is_held(record)]


if __name__ == "__main__":
    sys.exit(main(leave_message, held))
