# SPDX-License-Identifier: Apache-2.0
"""The price book beside a policy: read, checked and built as the policy is, so that findings have their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bascule.choice.prices import OLD_DAYS, Line, PriceBook
from bascule.conformity import check
from bascule.diagnostics import Diagnostic, Findings
from bascule.policy import Policy
from bascule.schema import prices_schema
from bascule.source import Source, read

FOLDER = "prices"
NO_PRICES = "Write what things cost in `prices/NAME.yml` beside the policy"


@dataclass(frozen=True)
class Prices:
    """What was read: the book, and its files for the places of findings."""

    book: PriceBook
    sources: tuple[Source, ...]


def beside(policy: Policy) -> Prices | None:
    """Given a policy, return the price book beside it; None when there is none. Raise Findings as ``load`` does."""
    folder = policy.source.folder
    named = str(policy.source.data.get("prices") or FOLDER)
    return load(folder / named, policy.organisation.currency) if folder else None


def prices_of(policy: Policy) -> Prices:
    """Given a policy, return its price book. Raise Findings when there is none, or something is wrong with it."""
    found = beside(policy)
    if found is None:
        what = "there is no price book, and nothing can be compared without prices"
        raise Findings([policy.source.finding("BC511", ("organisation",), what, f"{NO_PRICES}.", key=True)])
    return found


def load(folder: Path, currency: str) -> Prices | None:
    """Given the folder of a price book and the currency of the policy, return the book; None when nothing lies there.

    Raise Findings with all that is wrong with its files.
    """
    files = sorted(folder.glob("*.yml"))
    if not files:
        return None
    sources = [read(file) for file in files]
    wrong = [finding for source in sources for finding in check(source, prices_schema)]
    if not wrong:
        wrong = [finding for source in sources for finding in _wrong(source, currency)]
    if wrong:
        raise Findings(wrong)
    lines = [line for source in sources for line in _lines(source)]
    upkeep = {way: float(hours) for source in sources for way, hours in source.data.get("upkeep", {}).items()}
    return Prices(PriceBook(currency, tuple(lines), upkeep), tuple(sources))


def old(prices: Prices, today: date) -> Iterator[Diagnostic]:
    """Yield BC510 for each price that was written down too long ago."""
    written = {source.file: source for source in prices.sources}
    for line in prices.book.lines:
        if line.old(today):
            what = f"this price is from {line.as_of}, {(today - line.as_of).days} days ago"
            fix = f"Ask for the price again, and write its day; prices are taken as they are for {OLD_DAYS} days."
            path = ("lines", line.id, "as_of")
            yield written[line.file].finding("BC510", path, what, fix, severity="warning")


def _wrong(source: Source, currency: str) -> Iterator[Diagnostic]:
    if source.data["currency"] != currency:
        what = f"these prices are in {source.data['currency']}, and the policy counts in {currency}"
        fix = f"Write the prices in {currency}: no rate between currencies is assumed."
        yield source.finding("BC509", ("currency",), what, fix)
    for id_, line in source.data["lines"].items():
        try:
            date.fromisoformat(line["as_of"])
        except ValueError:
            what = f"there is no day {line['as_of']}"
            yield source.finding(
                "BC203", ("lines", id_, "as_of"), what, "Write a day that exists, such as `2026-09-01`."
            )


def _lines(source: Source) -> Iterator[Line]:
    for id_, line in source.data["lines"].items():
        particular = {key: line.get(key) for key in ("provider", "size", "of")}
        as_of, amount = date.fromisoformat(line["as_of"]), float(line["amount"])
        yield Line(id_, source.file, line["item"], amount, line["per"], as_of, line["source"], **particular)
