# SPDX-License-Identifier: Apache-2.0
"""Money: AWS counts in dollars, a policy in its own currency. Rates stand with the prices, dated, in one file."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

_PRICES = Path(__file__).parents[1] / "pack" / "prices.json"


@functools.cache
def _rates() -> Mapping[str, float]:
    rates: Mapping[str, float] = json.loads(_PRICES.read_text(encoding="utf-8"))["dollars_for_one"]
    return rates


def dollars(amount: float, currency: str) -> float | None:
    """Return an amount in dollars, to the cent; None when no rate of its currency is known."""
    rate = _rates().get(currency)
    return None if rate is None else round(amount * rate, 2)
