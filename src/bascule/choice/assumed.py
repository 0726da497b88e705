# SPDX-License-Identifier: Apache-2.0
"""What is assumed where options are compared: hours of work, how long what is done by hand takes."""

from __future__ import annotations

from collections.abc import Iterator

from bascule.analysis.assumed import AGREED, Assumption
from bascule.assumptions import LASTS_S, MEDIUM_S, UPKEEP_H
from bascule.choice.firm import Firm
from bascule.choice.prices import PriceBook
from bascule.choice.ways import OFFLINE
from bascule.policy import Policy


def assumed(policy: Policy, book: PriceBook, firm: Firm) -> tuple[Assumption, ...]:
    """Given a policy, its prices and the firm as it is chosen for, return what was assumed, each figure once."""
    return tuple(dict.fromkeys(_assumed(policy, book, firm)))


def _assumed(policy: Policy, book: PriceBook, firm: Firm) -> Iterator[Assumption]:
    used = {one.way.id for options in firm.ways.values() for one in options}
    for way, hours in UPKEEP_H.items():
        if way in used and way not in book.upkeep_h:
            yield Assumption("upkeep", way, hours, "h", AGREED, f"prices: upkeep.{way}")
    for options in firm.ways.values():
        for one in options:
            for part in (*one.way.waits, *(part for met in one.met for part in met.parts)):
                if part.name in ("deliver", "fetch_medium"):
                    yield Assumption("step", part.name, part.seconds, "s", AGREED, "")
    if OFFLINE in used:
        yield Assumption("medium", "", MEDIUM_S, "s", AGREED, "")
    for risk in policy.risks.values():
        if risk.lasts_s is None:
            yield Assumption("lasts_long", risk.id, LASTS_S, "s", AGREED, f"risks.{risk.id}.lasts")
