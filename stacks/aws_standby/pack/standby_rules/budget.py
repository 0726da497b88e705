# SPDX-License-Identifier: Apache-2.0
"""No machine costs more a month than the site may. Prices and rates are those of `prices.json`, dated."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

INSTANCE = "aws:ec2/instance:Instance"
_FILE = Path(__file__).parents[1] / "prices.json"


def above(kind: str, props: Mapping[str, Any], plan: Mapping[str, Any] | None) -> Iterable[str]:
    """Yield why a machine costs too much, or why that is not known; not of machines that only an activation has."""
    if kind == INSTANCE and not _only_in_activation(props):
        yield from _too_much(props, plan)


def above_in_activation(kind: str, props: Mapping[str, Any], plan: Mapping[str, Any] | None) -> Iterable[str]:
    """The same of machines that only an activation has; those of a drill are not among them."""
    if kind == INSTANCE and _only_in_activation(props):
        yield from _too_much(props, plan)


def dollars_a_month(instance_type: str, region: str) -> float | None:
    """Return what a machine costs that runs all month; None when its type is not in the list."""
    prices = _prices()
    hour = prices["dollars_an_hour"].get(instance_type)
    factor = prices["factor_of_region"].get(region, prices["factor_elsewhere"])
    return None if hour is None else float(hour * factor * prices["hours_a_month"])


def _only_in_activation(props: Mapping[str, Any]) -> bool:
    tags = props.get("tags") or {}
    return tags.get("bascule:phase") == "activate" and not tags.get("bascule:drill")


def _too_much(props: Mapping[str, Any], plan: Mapping[str, Any] | None) -> Iterable[str]:
    if plan is None:
        yield "there is no plan beside the stack, so its budget is not known; set bascule:plan"
        return
    for cloud in _clouds(plan):
        if cloud["budget"]:
            yield from _compared(str(props["instanceType"]), cloud["region"], cloud["budget"])


def _compared(instance_type: str, region: str, budget: Mapping[str, Any]) -> Iterable[str]:
    rate = _prices()["dollars_for_one"].get(budget["currency"])
    cost = dollars_a_month(instance_type, region)
    told = f"a {instance_type} in {region}"
    if rate is None or cost is None:
        unknown = f"the rate of {budget['currency']}" if rate is None else f"the price of {instance_type}"
        yield f"{unknown} is not known, so {told} cannot be compared with the budget; add it to prices.json"
    elif cost > budget["amount"] * rate:
        limit = f"{budget['amount']:g} {budget['currency']}"
        yield (
            f"{told} costs about {cost / rate:.0f} {budget['currency']} a month (prices of {_prices()['as_of']}), "
            f"more than the whole site may ({limit}); take a smaller one, or raise the budget"
        )


def _clouds(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [site["cloud"] for site in plan["sites"].values() if site.get("cloud")]


@functools.cache
def _prices() -> Mapping[str, Any]:
    prices: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return prices
