# SPDX-License-Identifier: Apache-2.0
"""Certificates and licences: what has ended, and what would end while the other side serves.

Facts on certificates, by path: `since`, `until` (epoch seconds), `names` that it is for; None when there is no file.
What is served now under an `https://` name is a fact of the machine that serves.
"""

from __future__ import annotations

import calendar
import time
from typing import Any, Dict, Iterator, Mapping, Sequence

from bascule_runtime.drift.finding import About, Facts, Found

DAY_S = 86400


def certificates(here: Facts, there: Facts, about: About) -> Iterator[Found]:
    """Certificates of the machine that would take over, beside those of the one that serves."""
    for path in sorted({*here, *there}):
        ours, theirs = here.get(path), there.get(path)
        if ours and path.startswith("https://"):
            yield from _period({"path": path, **_dates(ours), "target": about.source}, about)
        if theirs is None:
            if ours and path in there:
                yield "certificate_missing", {"path": path}
            continue
        yield from _period({"path": path, **_dates(theirs)}, about)
        if ours and sorted(ours.get("names") or []) != sorted(theirs.get("names") or []):
            yield "certificate_names", {"path": path, "here": ours.get("names"), "there": theirs.get("names")}


def _dates(facts: Facts) -> Dict[str, Any]:
    return {"until": facts["until"], "since": facts.get("since")}


def _period(facts: Facts, about: About) -> Iterator[Found]:
    if facts["until"] < about.now:
        yield "certificate_ended", dict(facts)
    elif facts["since"] and facts["since"] > about.now:
        yield "certificate_early", dict(facts)
    elif facts["until"] < about.now + about.longest_s:
        yield "certificate_ends", {**facts, "days": round(about.longest_s / DAY_S)}


def last_second(day: str) -> float:
    """The end (UTC) of a day such as `2027-03-31`, in seconds since the epoch."""
    return float(calendar.timegm(time.strptime(day, "%Y-%m-%d"))) + DAY_S - 1


def licences(declared: Sequence[Mapping[str, Any]], files: Mapping[str, Any], about: About) -> Iterator[Found]:
    """`declared`: the policy's licences of this system; `files`: licence file at the target: whether it is there."""
    for entry in declared:
        until = last_second(entry["until"]) if entry.get("until") else None
        facts = {"name": entry["id"], "until": entry.get("until"), "path": entry.get("file")}
        if until is not None and until < about.now:
            yield "licence_ended", facts
        elif until is not None and until < about.now + about.longest_s:
            yield "licence_ends", {**facts, "days": round(about.longest_s / DAY_S)}
        if entry.get("standby") == "forbidden":
            yield "licence_forbids", facts
        if entry.get("file") and files.get(entry["file"]) is False:
            yield "licence_file", facts
