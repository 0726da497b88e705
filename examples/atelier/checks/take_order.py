# SPDX-License-Identifier: Apache-2.0
"""Take an order as a salesperson would: through the users' name, in the ERP, and read it back in a second session.

The lab's ERP has Tryton's party module alone, so the order is the customer's record that it begins with.
The firm's own party (code ATELIER) shows whose ERP has answered. Standard library only.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import Any

from marked import NotUsableError, ask, fresh, main

URL = "http://erp.atelier.test:8000/erp/"
LOGIN = "probe"
FIRM = ("ATELIER", "L'Atelier")
PREFIX = "test-order"


class Session:
    """One login at the ERP, ended when the block ends."""

    def __init__(self) -> None:
        password = os.environ.get("BASCULE_SECRET_ERP_PROBE")
        if not password:
            raise NotUsableError("the secret erp-probe was not given to this check")
        self.headers = {"Content-Type": "application/json"}
        user, key = self.call("common.db.login", LOGIN, {"password": password}, "en")
        token = base64.b64encode(f"{LOGIN}:{user}:{key}".encode()).decode()
        self.headers["Authorization"] = f"Session {token}"

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.call("common.db.logout")

    def call(self, method: str, *arguments: Any) -> Any:
        """One call; raises NotUsableError with what the ERP says."""
        body = json.dumps({"id": 1, "method": method, "params": list(arguments)}).encode()
        answer = json.loads(ask(URL, body, "POST", self.headers))
        if isinstance(answer, dict) and answer.get("error"):
            raise NotUsableError(f"the ERP refused {method}: {answer['error'][0]}")
        return answer["result"] if isinstance(answer, dict) else answer

    def parties(self, field: str, values: list[str]) -> list[dict[str, Any]]:
        """The parties whose field has one of these values, with code and name."""
        found = self.call("model.party.party.search", [[field, "in", values]], 0, None, None, {})
        rows: list[dict[str, Any]] = self.call("model.party.party.read", found, ["code", "name"], {}) if found else []
        return rows

    def firm(self) -> str:
        """The firm's name, when this is its ERP. Raises NotUsableError when it is somebody else's."""
        code, name = FIRM
        if [party["name"] for party in self.parties("code", [code])] != [name]:
            raise NotUsableError(f"what answered at {URL} is not the ERP of {name}")
        return name


def take_order() -> dict[str, str]:
    """Create the order and read it back as somebody else would."""
    order = fresh(PREFIX)
    with Session() as session:
        firm = session.firm()
        session.call("model.party.party.create", [{"name": order}], {})
    with Session() as session:
        if [party["name"] for party in session.parties("name", [order])] != [order]:
            raise NotUsableError(f"the order {order} was acknowledged and cannot be read back")
    return {"record": order, "who": firm}


def held(orders: list[str]) -> list[str]:
    """Those of the orders that the ERP still has."""
    with Session() as session:
        session.firm()
        return [str(party["name"]) for party in session.parties("name", orders)]


if __name__ == "__main__":
    sys.exit(main(take_order, held))
