# SPDX-License-Identifier: Apache-2.0
"""How long the sample firm's users are kept from work: its primary site is lost, activated elsewhere, and comes home.

Seen from outside: an activity is back when its own transaction went through, asked through its name at the DNS server.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import sample_firm
from bench.frame import Bench, Figure, Say
from bench.sample_firm import BenchError, Firm

TARGETS = {"orders": 12.0, "showcase": 30.0}
HOME_TARGET_S = 12.0
Answers = Sequence[dict[str, Any]]


def away(firm: Firm, say: Say) -> dict[str, float]:
    """Lose the primary and activate: seconds from the start of the command to the first good answer, by activity."""
    with firm.watched(*TARGETS) as seen:
        firm.rehearsal.lab("kill", "primary")
        began = time.time()
        firm.drive("activate", env=sample_firm.DECLARE)
        took = time.time() - began
    found = {name: back_after(seen, name, began) for name in TARGETS}
    say(f"activated in {took:.1f} s; " + told(found))
    return {**found, "": took}


def home(firm: Firm, say: Say) -> dict[str, float]:
    """Bring the firm home: seconds between the last good answer and the first one after it, by activity."""
    firm.power_back()
    with firm.watched(*TARGETS) as seen:
        began = time.time()
        firm.drive("failback")
        took = time.time() - began
    found = {name: longest_gap(seen, name) for name in TARGETS}
    say(f"home in {took:.1f} s; " + told(found))
    return {**found, "": took}


def told(found: dict[str, float]) -> str:
    """Outages in a line."""
    return ", ".join(f"{name} out for {seconds:.1f} s" for name, seconds in found.items() if name)


def back_after(seen: Answers, activity: str, began: float) -> float:
    """Seconds from `began` to the first good answer that was asked for after it. Raises BenchError without one."""
    good = [row["t"] for row in seen if row["activity"] == activity and row["ok"] and row["asked"] >= began]
    if not good:
        raise BenchError(f"{activity} was not seen to work again")
    return float(min(good) - began)


def longest_gap(seen: Answers, activity: str) -> float:
    """The longest time between two good answers that have a bad one between them; 0 when none was bad."""
    rows = sorted((row for row in seen if row["activity"] == activity), key=lambda row: float(row["t"]))
    longest, last, bad = 0.0, None, False
    for row in rows:
        if row["ok"]:
            longest = max(longest, row["t"] - last) if last is not None and bad else longest
            last, bad = row["t"], False
        else:
            bad = True
    return longest


def measure(runs: int, say: Say) -> Iterator[Figure]:
    """As many losses and returns as `runs`, in one lab."""
    with tempfile.TemporaryDirectory(prefix="bascule-bench-") as folder, sample_firm.built(Path(folder)) as firm:
        rounds = [(away(firm, say), home(firm, say)) for _ in range(runs)]
        ttl_s = float(firm.rehearsal.plan["switch"]["ttl_s"])
    for name, target in TARGETS.items():
        gone = tuple(there[name] for there, _ in rounds)
        yield Figure(f"{name}: outage of an activation", "s", gone, target)
        yield Figure(
            f"{name}: the same behind a resolver that keeps names, at most", "s", tuple(s + ttl_s for s in gone)
        )
        yield Figure(f"{name}: outage of a failback", "s", tuple(back[name] for _, back in rounds), HOME_TARGET_S)
    yield Figure("activation, whole run", "s", tuple(there[""] for there, _ in rounds))
    yield Figure("failback, whole run", "s", tuple(back[""] for _, back in rounds))


BENCHES = (Bench("outages", "how long users of the sample firm are kept from work", measure, needs="lab", minutes=12),)
