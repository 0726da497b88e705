# SPDX-License-Identifier: Apache-2.0
"""What things cost a day, in US dollars without tax: the prices that the budget's rule reckons with, and a few more.

They are there to say how urgent a leftover is, not to check a bill.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "pack" / "prices.json"
MONTH_DAYS = 30.4
# Kind → dollars a day while it is there, by list prices of us-east-1; what is not named costs nothing by being there.
A_DAY = {
    "address": 0.12,
    "load-balancer": 0.54,
    "kms-key": 1.0 / MONTH_DAYS,
    "hosted-zone": 0.5 / MONTH_DAYS,
    "health-check": 0.5 / MONTH_DAYS,
    "alarm": 0.1 / MONTH_DAYS,
    "vpn-endpoint": 2.4,
}
GIB_MONTH = {"volume": 0.08, "snapshot": 0.05, "bucket": 0.023}


@lru_cache(maxsize=1)
def table() -> Mapping[str, Any]:
    """The table of the rules, with the day on which it was written down."""
    return dict(json.loads(TABLE.read_text(encoding="utf-8")))


def as_of() -> str:
    """The day on which prices were written down."""
    return str(table()["as_of"])


def a_day(kind: str, detail: Mapping[str, Any], region: str) -> float | None:
    """Dollars a day for something of this kind; None where the table does not know."""
    if detail.get("goes_at") or (kind == "instance" and detail.get("state") == "stopped"):
        return 0.0
    plain = _plain(kind, detail)
    factor = float(table()["factor_of_region"].get(region, table()["factor_elsewhere"]))
    return None if plain is None else round(plain * factor, 2)


def _plain(kind: str, detail: Mapping[str, Any]) -> float | None:
    if kind == "instance":
        hour = table()["dollars_an_hour"].get(str(detail.get("type")))
        return None if hour is None else float(hour) * 24
    if kind in GIB_MONTH:
        gib = float(detail.get("size_gib") or 0) or float(detail.get("bytes") or 0) / 2**30
        return gib * GIB_MONTH[kind] / MONTH_DAYS
    return A_DAY.get(kind, 0.0)
